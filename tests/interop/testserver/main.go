// Command testserver is a server of gRPC's interop tests: it says who it is in every answer.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
)

type server struct {
	testgrpc.UnimplementedTestServiceServer
	hostname string
}

func (s *server) EmptyCall(ctx context.Context, _ *testpb.Empty) (*testpb.Empty, error) {
	return &testpb.Empty{}, grpc.SetHeader(ctx, metadata.Pairs("hostname", s.hostname))
}

func (s *server) UnaryCall(ctx context.Context, _ *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	err := grpc.SetHeader(ctx, metadata.Pairs("hostname", s.hostname))
	return &testpb.SimpleResponse{Hostname: s.hostname}, err
}

func main() {
	port := flag.Int("port", 8080, "")
	hostname := flag.String("host_name_override", "", "who it says that it is")
	flag.Parse()

	listen, err := net.Listen("tcp", fmt.Sprintf("localhost:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	s := grpc.NewServer()
	testgrpc.RegisterTestServiceServer(s, &server{hostname: *hostname})
	log.Fatal(s.Serve(listen))
}
