#include "tests/simulation/servers.h"

#include <utility>

namespace mesh::simulation {

void Servers::Kill(const std::string& address) {
  Server& server = at(address);
  if (!server.up) return;
  server.up = false;
  trace_->Note("server ", address, " dies");
  Tell(address);
}

void Servers::Start(const std::string& address) {
  Server& server = at(address);
  if (server.up) return;
  server.up = true;
  ++server.incarnation;
  trace_->Note("server ", address, " starts");
  Tell(address);
}

void Servers::Vanish(const std::string& address) {
  at(address).reachable = false;
  trace_->Note("server ", address, " vanishes");
  Tell(address);
}

void Servers::Reappear(const std::string& address) {
  at(address).reachable = true;
  trace_->Note("server ", address, " reappears");
  Tell(address);
}

void Servers::HealAll() {
  for (auto& [address, server] : servers_) {
    server.fails = 0;
    if (!server.reachable) Reappear(address);
    if (!server.up) Start(address);
  }
}

void Servers::RemoveListener(const std::string& address, Listener* listener) {
  auto& all = listeners_[address];
  for (auto it = all.begin(); it != all.end(); ++it) {
    if (it->second != listener) continue;
    all.erase(it);
    return;
  }
}

size_t Servers::listeners() const {
  size_t sum = 0;
  for (const auto& entry : listeners_) sum += entry.second.size();
  return sum;
}

void Servers::Tell(const std::string& address) {
  const auto all = listeners_[address];
  for (const auto& entry : all) {
    if (listeners_[address].count(entry) > 0) entry.second->OnServerChanged();
  }
}

}  // namespace mesh::simulation
