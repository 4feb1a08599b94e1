// Command backend answers every unary method with an empty message, on a number of ports of
// loopback, which it prints, a line each: any that are free, or those of -ports. GET /stats on the
// port of the last line says for each port how many connections it has accepted and how many calls
// it has answered. Initial metadata `served-by` is the address that answered.
//
// With -utilizations each reports that its application is so busy, at 10 queries a second, out of
// band: by grpc-go's own service, as soon as it is asked and every 30 s. Those are not counted as
// calls; /stats has how often it was asked.
//
// A call with metadata `fail-at: ADDRESS` and `fail-with: CODE` (a number) fails at that address,
// with headers and trailers in one, as servers fail that have nothing to say; `served-by` is there.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/orca"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

type counted struct {
	net.Listener
	connections atomic.Int64
	calls       atomic.Int64
	asked       atomic.Int64
}

func (c *counted) Accept() (net.Conn, error) {
	connection, err := c.Listener.Accept()
	if err == nil {
		c.connections.Add(1)
	}
	return connection, err
}

// The code that the call asks this backend to fail with; OK: none.
func (c *counted) failure(stream grpc.ServerStream) codes.Code {
	asked, _ := metadata.FromIncomingContext(stream.Context())
	at, with := asked.Get("fail-at"), asked.Get("fail-with")
	if len(at) != 1 || len(with) != 1 || at[0] != c.Addr().String() {
		return codes.OK
	}
	code, err := strconv.Atoi(with[0])
	if err != nil {
		return codes.InvalidArgument
	}
	return codes.Code(code)
}

func (c *counted) answer(_ any, stream grpc.ServerStream) error {
	c.calls.Add(1)
	servedBy := metadata.Pairs("served-by", c.Addr().String())
	if code := c.failure(stream); code != codes.OK {
		stream.SetTrailer(servedBy)
		return status.Error(code, "asked to fail")
	}
	if err := stream.SetHeader(servedBy); err != nil {
		return err
	}
	var request emptypb.Empty
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	return stream.SendMsg(&emptypb.Empty{})
}

// Every stream that is asked for by name, and not by a call: those of load reports.
func (c *counted) countAsked(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if info.FullMethod == "/xds.service.orca.v3.OpenRcaService/StreamCoreMetrics" {
		c.asked.Add(1)
	}
	return handler(service, stream)
}

func report(server *grpc.Server, utilization float64) error {
	recorder := orca.NewServerMetricsRecorder()
	recorder.SetQPS(10)
	recorder.SetApplicationUtilization(utilization)
	return orca.Register(server, orca.ServiceOptions{ServerMetricsProvider: recorder})
}

func main() {
	count := flag.Int("count", 1, "how many, on free ports")
	ports := flag.String("ports", "", "those to listen on instead, with commas between them")
	utilizations := flag.String("utilizations", "", "what they report, with commas between them")
	flag.Parse()

	wanted := make([]string, *count)
	for i := range wanted {
		wanted[i] = "0"
	}
	if *ports != "" {
		wanted = strings.Split(*ports, ",")
	}
	reported := strings.Split(*utilizations, ",")
	if *utilizations != "" && len(reported) != len(wanted) {
		log.Fatal("-utilizations: not one for each")
	}
	all := map[string]*counted{}
	for i, port := range wanted {
		listen, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			log.Fatal(err)
		}
		c := &counted{Listener: listen}
		server := grpc.NewServer(grpc.UnknownServiceHandler(c.answer), grpc.StreamInterceptor(c.countAsked))
		if *utilizations != "" {
			utilization, err := strconv.ParseFloat(reported[i], 64)
			if err == nil {
				err = report(server, utilization)
			}
			if err != nil {
				log.Fatal(err)
			}
		}
		go func() { log.Fatal(server.Serve(c)) }()
		all[listen.Addr().String()] = c
		fmt.Println(listen.Addr().(*net.TCPAddr).Port)
	}

	http.HandleFunc("/stats", func(w http.ResponseWriter, _ *http.Request) {
		out := map[string]map[string]int64{}
		for address, c := range all {
			out[address] = map[string]int64{
				"connections": c.connections.Load(), "calls": c.calls.Load(), "asked": c.asked.Load()}
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
