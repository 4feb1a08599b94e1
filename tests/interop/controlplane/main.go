// Command controlplane serves the snapshot that a folder of files describes to every xDS client,
// with go-control-plane (state of the world and delta). A change of the files is a new snapshot.
//
// The folder holds protojson files: listeners.json, routes.json, clusters.json, endpoints.json,
// each a list of resources; a missing file is an empty list. On its first line it prints its port;
// GET /stats on the port of the second line answers with what clients sent.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/load_balancing_policies/client_side_weighted_round_robin/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/load_balancing_policies/maglev/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/load_balancing_policies/pick_first/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/load_balancing_policies/ring_hash/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/load_balancing_policies/round_robin/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// One group for every node: all clients get the same snapshot.
type oneGroup struct{}

func (oneGroup) ID(*core.Node) string { return "all" }

var kinds = []struct {
	file    string
	typeURL string
	make    func() proto.Message
}{
	{"listeners.json", resource.ListenerType, func() proto.Message { return &listener.Listener{} }},
	{"routes.json", resource.RouteType, func() proto.Message { return &route.RouteConfiguration{} }},
	{"clusters.json", resource.ClusterType, func() proto.Message { return &cluster.Cluster{} }},
	{"endpoints.json", resource.EndpointType, func() proto.Message { return &endpoint.ClusterLoadAssignment{} }},
}

// read returns the folder's resources by type URL, and the bytes they were read from.
func read(folder string) (map[string][]types.Resource, []byte, error) {
	resources := map[string][]types.Resource{}
	var all []byte
	for _, kind := range kinds {
		text, err := os.ReadFile(filepath.Join(folder, kind.file))
		if err != nil && !os.IsNotExist(err) {
			return nil, nil, err
		}
		all = append(append(all, text...), 0)
		var items []json.RawMessage
		if len(text) > 0 {
			if err := json.Unmarshal(text, &items); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", kind.file, err)
			}
		}
		for i, item := range items {
			message := kind.make()
			if err := protojson.Unmarshal(item, message); err != nil {
				return nil, nil, fmt.Errorf("%s[%d]: %w", kind.file, i, err)
			}
			resources[kind.typeURL] = append(resources[kind.typeURL], message)
		}
	}
	return resources, all, nil
}

type stats struct {
	mu       sync.Mutex
	Streams  int            `json:"streams"`
	Requests map[string]int `json:"requests"` // by type URL
	Nacks    map[string]int `json:"nacks"`    // by type URL
	Nack     string         `json:"nack"`     // the last NACK's text
	Version  int            `json:"version"`  // of the snapshot that is served
}

func (s *stats) callbacks() server.Callbacks {
	return server.CallbackFuncs{
		StreamOpenFunc: func(context.Context, int64, string) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.Streams++
			return nil
		},
		StreamRequestFunc: func(_ int64, request *discovery.DiscoveryRequest) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.Requests[request.TypeUrl]++
			if request.ErrorDetail != nil {
				s.Nacks[request.TypeUrl]++
				s.Nack = request.ErrorDetail.Message
			}
			return nil
		},
	}
}

func (s *stats) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = json.NewEncoder(w).Encode(s)
}

// serve publishes the folder's contents whenever they change. The version is the time, so that it
// grows from one process to the next.
func serve(folder string, snapshots cache.SnapshotCache, s *stats) {
	var last []byte
	for ; ; time.Sleep(20 * time.Millisecond) {
		resources, text, err := read(folder)
		if err != nil {
			log.Print(err)
			time.Sleep(200 * time.Millisecond)
			continue
		}
		if last != nil && bytes.Equal(last, text) {
			continue
		}
		snapshot, err := cache.NewSnapshot(strconv.FormatInt(time.Now().UnixMicro(), 10), resources)
		if err == nil {
			err = snapshots.SetSnapshot(context.Background(), "all", snapshot)
		}
		if err != nil {
			log.Print(err)
			continue
		}
		last = text
		s.mu.Lock()
		s.Version++
		s.mu.Unlock()
	}
}

func main() {
	folder := flag.String("folder", ".", "where the resources are")
	port := flag.Int("port", 0, "where to serve; 0: anywhere")
	flag.Parse()

	s := &stats{Requests: map[string]int{}, Nacks: map[string]int{}}
	// Not the cache's ADS mode: it holds back responses until a client has named every resource of
	// the snapshot, which gRPC clients do not.
	snapshots := cache.NewSnapshotCache(false, oneGroup{}, nil)
	go serve(*folder, snapshots, s)

	listen, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	listenStats, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listen.Addr().(*net.TCPAddr).Port)
	fmt.Println(listenStats.Addr().(*net.TCPAddr).Port)
	http.Handle("/stats", s)
	go func() { log.Fatal(http.Serve(listenStats, nil)) }()

	grpcServer := grpc.NewServer()
	discovery.RegisterAggregatedDiscoveryServiceServer(
		grpcServer, server.NewServer(context.Background(), snapshots, s.callbacks()))
	log.Fatal(grpcServer.Serve(listen))
}
