// Command backend answers every unary method with an empty message, on a number of ports of
// loopback, which it prints, a line each. GET /stats on the port of the last line says for each
// port how many connections it has accepted and how many calls it has answered. Initial metadata
// `served-by` is the address that answered.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/emptypb"
)

type counted struct {
	net.Listener
	connections atomic.Int64
	calls       atomic.Int64
}

func (c *counted) Accept() (net.Conn, error) {
	connection, err := c.Listener.Accept()
	if err == nil {
		c.connections.Add(1)
	}
	return connection, err
}

func (c *counted) answer(_ any, stream grpc.ServerStream) error {
	c.calls.Add(1)
	if err := stream.SetHeader(metadata.Pairs("served-by", c.Addr().String())); err != nil {
		return err
	}
	var request emptypb.Empty
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	return stream.SendMsg(&emptypb.Empty{})
}

func main() {
	count := flag.Int("count", 1, "how many")
	flag.Parse()

	all := map[string]*counted{}
	for range *count {
		listen, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		c := &counted{Listener: listen}
		server := grpc.NewServer(grpc.UnknownServiceHandler(c.answer))
		go func() { log.Fatal(server.Serve(c)) }()
		all[listen.Addr().String()] = c
		fmt.Println(listen.Addr().(*net.TCPAddr).Port)
	}

	http.HandleFunc("/stats", func(w http.ResponseWriter, _ *http.Request) {
		out := map[string]map[string]int64{}
		for address, c := range all {
			out[address] = map[string]int64{"connections": c.connections.Load(), "calls": c.calls.Load()}
		}
		_ = json.NewEncoder(w).Encode(out)
	})
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listen.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listen, nil))
}
