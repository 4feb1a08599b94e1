// Command client makes empty unary calls through grpc-go's own xds:/// client and sums them up as
// `meshctl call --json` does: {"calls":N,"peers":{..},"statuses":{..},"errors":{..}}.
//
// It makes as many calls as each line of its standard input says, and answers each line by one. A
// line `keys N PREFIX` is N calls with metadata `key`, PREFIX0, PREFIX1 and so on; the answer has
// "servers" too, the peers in the order of the calls.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	_ "google.golang.org/grpc/xds"
	"google.golang.org/protobuf/types/known/emptypb"
)

type summary struct {
	Calls    int               `json:"calls"`
	Peers    map[string]int    `json:"peers"`
	Statuses map[string]int    `json:"statuses"`
	Errors   map[string]string `json:"errors"`
	Servers  []string          `json:"servers,omitempty"`
}

// The name of a code as gRPC's specification spells it.
func name(err error) string {
	var out strings.Builder
	code := status.Code(err).String()
	for i, c := range code {
		if i > 0 && c >= 'A' && c <= 'Z' && code != "OK" {
			out.WriteByte('_')
		}
		out.WriteRune(c)
	}
	return strings.ToUpper(out.String())
}

// With a prefix the calls have keys.
func call(connection *grpc.ClientConn, method string, deadline time.Duration, count int, prefix string) summary {
	s := summary{count, map[string]int{}, map[string]int{}, map[string]string{}, nil}
	for i := range count {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		if prefix != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "key", prefix+strconv.Itoa(i))
		}
		var from peer.Peer
		err := connection.Invoke(ctx, method, &emptypb.Empty{}, &emptypb.Empty{}, grpc.Peer(&from))
		cancel()
		if from.Addr != nil {
			s.Peers[from.Addr.String()]++
		}
		if prefix != "" {
			server := ""
			if from.Addr != nil {
				server = from.Addr.String()
			}
			s.Servers = append(s.Servers, server)
		}
		s.Statuses[name(err)]++
		if err != nil {
			if _, ok := s.Errors[name(err)]; !ok {
				s.Errors[name(err)] = err.Error()
			}
		}
	}
	return s
}

func main() {
	target := flag.String("target", "", "xds:///name")
	method := flag.String("method", "/interop.Test/Call", "")
	deadline := flag.Duration("deadline", 5*time.Second, "of each call")
	flag.Parse()

	connection, err := grpc.NewClient(*target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words, prefix := strings.Fields(lines.Text()), ""
		if len(words) == 3 && words[0] == "keys" {
			words, prefix = words[1:2], words[2]
		}
		count, err := strconv.Atoi(strings.Join(words, " "))
		if err != nil {
			log.Fatal(err)
		}
		out, err := json.Marshal(call(connection, *method, *deadline, count, prefix))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(out))
	}
}
