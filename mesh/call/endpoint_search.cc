#include "mesh/call/endpoint_search.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mesh/call/channel_core.h"

namespace mesh::call {
namespace {

constexpr int kUnavailable = 14;

}  // namespace

void NoteAttempt(int code, bool delivered, absl::Time now, CallInfo* call) {
  call->stale_until = absl::InfinitePast();
  if (code != kUnavailable) return;
  call->stale_until =
      now + (delivered ? EndpointSearch::kLookAgainSoon : EndpointSearch::kLookAgain);
}

void EndpointSearch::SetFailure(absl::Status failure) {
  last_failure_ = std::move(failure);
  look_again_ = core_.environment()->clock().Now() + kLookAgain;
}

NextStep EndpointSearch::Look(const EpochReader& reader) {
  cluster::PickRequest request;
  request.tried = call_.tried;
  request.hash = call_.key.hash;
  request.awaits_answer = call_.unary;
  request.is_retry = call_.counts.retries > 0;
  NextStep step =
      ChooseNextStep(core_.config(reader), call_.path, call_.key.random, request, reader);
  out_of_date_ = false;
  step = TakePlace(std::move(step), reader);
  if (const auto* go = std::get_if<GoTo>(&step)) {
    deadline_ = std::min(call_.deadline, call_.start + go->route->timeout);
    if (call_.stale_until != absl::InfinitePast() &&
        std::count(call_.tried.begin(), call_.tried.end(), go->permit.endpoint()) > 0 &&
        core_.environment()->clock().Now() < call_.stale_until) {
      out_of_date_ = true;
      look_again_ = call_.stale_until;
      last_failure_ = absl::UnavailableError("the endpoints that it was tried on are lost");
      return WaitFor{nullptr, nullptr};
    }
    call_.tried.push_back(go->permit.endpoint());
  } else if (const auto* wait = std::get_if<WaitFor>(&step)) {
    if (wait->route != nullptr) {
      deadline_ = std::min(call_.deadline, call_.start + wait->route->timeout);
    }
    waits_for_ = wait->cluster != nullptr ? wait->cluster->name() : "";
    last_failure_ = absl::OkStatus();
  } else if (auto* give_up = std::get_if<GiveUp>(&step)) {
    if (call_.wait_for_ready && !give_up->for_good) {
      last_failure_ = std::move(give_up->status);
      step = WaitFor{nullptr, nullptr};
    }
  }
  return step;
}

NextStep EndpointSearch::TakePlace(NextStep step, const EpochReader& reader) {
  const auto* wait = std::get_if<WaitFor>(&step);
  if (wait == nullptr || wait->cluster == nullptr) {
    waiting_.Release();
    waits_in_ = nullptr;
  } else if (waits_in_ != wait->cluster) {
    waiting_.Release();
    absl::StatusOr<cluster::LimitHold> place = wait->cluster->Wait(wait->route->priority, reader);
    if (!place.ok()) {
      waits_in_ = nullptr;
      return GiveUp{place.status(), true, true, true};
    }
    waiting_ = *std::move(place);
    waits_in_ = wait->cluster;
  }
  return step;
}

ExchangeRequest EndpointSearch::Request() const {
  ExchangeRequest request;
  request.path = call_.path;
  request.authority = call_.authority;
  request.deadline = deadline_;
  return request;
}

std::string EndpointSearch::WaitReason() const {
  if (!last_failure_.ok()) return std::string(last_failure_.message());
  if (waits_for_.empty()) return "nothing is known of it yet";
  return absl::StrCat("cluster \"", waits_for_, "\": no endpoint is connected yet");
}

}  // namespace mesh::call
