// Command client makes empty unary calls through grpc-go's own xds:/// client and sums them up as
// `meshctl call --json` does: {"calls":N,"peers":{..},"statuses":{..},"errors":{..}}.
//
// It makes as many calls as each line of its standard input says, and answers each line by one.
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

func call(connection *grpc.ClientConn, method string, deadline time.Duration, count int) summary {
	s := summary{count, map[string]int{}, map[string]int{}, map[string]string{}}
	for range count {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		var from peer.Peer
		err := connection.Invoke(ctx, method, &emptypb.Empty{}, &emptypb.Empty{}, grpc.Peer(&from))
		cancel()
		if from.Addr != nil {
			s.Peers[from.Addr.String()]++
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
		count, err := strconv.Atoi(lines.Text())
		if err != nil {
			log.Fatal(err)
		}
		out, err := json.Marshal(call(connection, *method, *deadline, count))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(out))
	}
}
