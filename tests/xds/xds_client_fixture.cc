#include "tests/xds/xds_client_fixture.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mesh::testing {
namespace {

std::string ShortName(absl::string_view type_url) {
  return std::string(type_url.substr(type_url.rfind('.') + 1));
}

std::string Show(const xds::discovery::DiscoveryRequest& request) {
  std::string text = absl::StrCat(ShortName(request.type_url()), " V=", request.version_info(),
                                  " N=", request.response_nonce(), " [",
                                  absl::StrJoin(request.resource_names(), " "), "]");
  if (request.has_node()) absl::StrAppend(&text, " node");
  if (request.has_error_detail()) {
    absl::StrAppend(&text, " NACK: ", request.error_detail().message());
  }
  return text;
}

}  // namespace

void TextWatcher::OnResourceChanged(std::shared_ptr<const xds::Resource> resource,
                                    xds::ReadHold hold) {
  Note(absl::StrCat("value ", static_cast<const TextResource&>(*resource).value), std::move(hold));
}

void TextWatcher::OnResourceError(const absl::Status& status, xds::ReadHold hold) {
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  Note(absl::StrCat("error ", status.message()), std::move(hold));
}

void TextWatcher::OnAmbientError(const absl::Status& status, xds::ReadHold hold) {
  Note(absl::StrCat("ambient ", status.ok() ? "ok" : status.message()), std::move(hold));
}

void TextWatcher::Note(std::string event, xds::ReadHold hold) {
  events_.push_back(std::move(event));
  if (keep_holds) holds.push_back(std::move(hold));
  if (on_event) on_event();
}

XdsClientTest::XdsClientTest() {
  xds::ServerConfig server;
  server.server_uri = "dns:///x";
  options_.bootstrap.servers.push_back(server);
  options_.bootstrap.node.id = "n";
  options_.user_agent_version = "1.2";
  options_.transports = &transports_;
  options_.serializer = &serializer_;
  options_.clock = &clock_;
  options_.random = &random_;
  options_.log = [this](LogSeverity, absl::string_view text) { log_.emplace_back(text); };
}

XdsClientTest::~XdsClientTest() {
  Stop();
  for (const auto& stream : transports_.streams()) {
    EXPECT_FALSE(stream->misused()) << "a Read() before the last was answered";
  }
  serializer_.Shutdown();
}

void XdsClientTest::Start() {
  On([this] {
    client_ = xds::XdsClient::Create(options_);
    client_->SetStatusObserver([this] { ++status_changes_; });
  });
}

void XdsClientTest::Stop() {
  On([this] { client_ = nullptr; });
}

void XdsClientTest::On(std::function<void()> task) {
  serializer_.RunAndWait(std::move(task));
  executor_.RunReady();
}

void XdsClientTest::Watch(const xds::ResourceType& type, absl::string_view name,
                          TextWatcher* watcher) {
  On([&] { watcher->subscription = client_->Watch(&type, name, watcher); });
}

void XdsClientTest::Unwatch(TextWatcher* watcher) {
  On([&] { watcher->subscription = nullptr; });
}

XdsClientTest::Texts XdsClientTest::Requests() {
  Texts requests;
  while (stream() != nullptr && stream()->has_sent()) {
    xds::discovery::DiscoveryRequest request;
    EXPECT_TRUE(request.ParseFromString(stream()->TakeSent()));
    requests.push_back(Show(request));
  }
  return requests;
}

void XdsClientTest::ConfirmSent() {
  On([this] { stream()->ConfirmSent(); });
}

xds::discovery::DiscoveryResponse XdsClientTest::Response(const xds::ResourceType& type,
                                                          absl::string_view version,
                                                          absl::string_view nonce,
                                                          const Texts& resources) {
  xds::discovery::DiscoveryResponse response;
  response.set_type_url(std::string(type.type_url()));
  response.set_version_info(std::string(version));
  response.set_nonce(std::string(nonce));
  for (const std::string& resource : resources) {
    auto* any = response.add_resources();
    any->set_type_url(std::string(type.type_url()));
    any->set_value(resource);
  }
  return response;
}

void XdsClientTest::Respond(const xds::ResourceType& type, absl::string_view version,
                            absl::string_view nonce, const Texts& resources) {
  Deliver(Response(type, version, nonce, resources));
}

void XdsClientTest::Deliver(const xds::discovery::DiscoveryResponse& response) {
  ASSERT_TRUE(stream() != nullptr && stream()->reading());
  On([&] { stream()->Deliver(response.SerializeAsString()); });
}

void XdsClientTest::Close(const absl::Status& status) {
  On([&] { stream()->Close(status); });
}

XdsClientTest::Texts XdsClientTest::States() const {
  Texts states;
  for (const xds::ResourceStatus& status : client_->resources()) {
    std::string text = absl::StrCat(ShortName(status.type_url), " ", status.name, " ",
                                    xds::ToString(status.state));
    if (!status.version.empty()) absl::StrAppend(&text, " ", status.version);
    if (!status.failed_version.empty()) absl::StrAppend(&text, " failed=", status.failed_version);
    states.push_back(std::move(text));
  }
  return states;
}

}  // namespace mesh::testing
