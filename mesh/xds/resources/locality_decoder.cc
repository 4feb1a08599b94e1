#include "mesh/xds/resources/locality_decoder.h"

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "mesh/base/hash128.h"
#include "mesh/xds/resources/wire_copy.h"
#include "mesh/xds/wire_format.h"

namespace mesh::xds {
namespace {

constexpr uint32_t kLbEndpoints = 2;

// The endpoints that come, in order, each with the hash of its bytes; the locality's other fields
// are put aside as they are met.
class Incoming {
 public:
  struct Endpoint {
    absl::string_view bytes;
    Hash128 hash;
  };

  Incoming(absl::string_view bytes, std::string* header) : reader_(bytes), header_(header) {}

  // The endpoint that comes after `ahead` others; null if there is none. Valid until the next
  // call.
  const Endpoint* Peek(size_t ahead) {
    while (buffer_.size() - begin_ <= ahead) {
      if (!Read()) return nullptr;
    }
    return &buffer_[begin_ + ahead];
  }
  // Forgets the next `count` endpoints. REQUIRES: they were peeked at.
  void Skip(size_t count) {
    begin_ += count;
    skipped_ += count;
    if (begin_ == buffer_.size() || begin_ >= kCompactAt) {
      buffer_.erase(buffer_.begin(), buffer_.begin() + begin_);
      begin_ = 0;
    }
  }
  // Goes to the end; only the locality's other fields are of interest.
  void SkipAll() {
    while (reader_.Next()) {
      if (!reader_.is_bytes(kLbEndpoints)) AppendField(reader_, header_);
    }
    buffer_.clear();
    begin_ = 0;
  }
  // The number of endpoints that were skipped.
  size_t position() const { return skipped_; }
  bool ok() const { return reader_.ok(); }

 private:
  static constexpr size_t kCompactAt = 1024;  // several times what is peeked at

  bool Read() {
    while (reader_.Next()) {
      if (reader_.is_bytes(kLbEndpoints)) {
        buffer_.push_back({reader_.bytes(), HashBytes(reader_.bytes())});
        return true;
      }
      AppendField(reader_, header_);
    }
    return false;
  }

  WireReader reader_;
  std::string* const header_;
  std::vector<Endpoint> buffer_;  // from begin_ on
  size_t begin_ = 0;
  size_t skipped_ = 0;
};

// A place in a list of chunks.
struct Place {
  size_t chunk = 0;
  size_t index = 0;
};

class Differ {
 public:
  Differ(Incoming* incoming, const EndpointChunks& old, EndpointDecoder* decoder,
         FieldErrors* errors)
      : incoming_(*incoming), old_(old), decoder_(decoder), errors_(errors) {}

  EndpointChunks Run() {
    while (const Incoming::Endpoint* next = incoming_.Peek(0)) {
      if (errors_->too_many()) {
        incoming_.SkipAll();
      } else if (at_end()) {
        TakeAny();
      } else if (at_.index == 0 && writer_.can_share()) {
        TakeChunk();
      } else if (next->hash == old_hash(at_)) {
        TakeOne();
      } else {
        Resynchronize();
      }
    }
    return writer_.Finish();
  }

 private:
  // Beyond these steps a table is cheaper.
  static constexpr size_t kNear = 4;
  // How far apart the lists may be before all of the old one goes into the table.
  static constexpr size_t kWindow = 512;

  bool at_end() const { return at_.chunk == old_.size(); }
  const Hash128& old_hash(const Place& place) const {
    return old_[place.chunk]->hashes[place.index];
  }
  bool Advance(Place* place) const {  // false at the end
    if (++place->index < old_[place->chunk]->size()) return true;
    place->index = 0;
    return ++place->chunk < old_.size();
  }

  // Shares the old chunk if all of it comes, else takes as much of it as comes.
  void TakeChunk() {
    const EndpointChunk& chunk = *old_[at_.chunk];
    const size_t size = chunk.size();
    size_t same = 0;
    while (same < size) {
      const Incoming::Endpoint* next = incoming_.Peek(same);
      if (next == nullptr || next->hash != chunk.hashes[same]) break;
      ++same;
    }
    const bool all = same == size;
    // A tiny chunk was the last; where it no longer is, it is joined with what follows.
    if (all && (size >= EndpointChunkWriter::kSmallest || incoming_.Peek(size) == nullptr)) {
      writer_.Share(old_[at_.chunk]);
    } else {
      for (size_t i = 0; i < same; ++i) writer_.Copy(chunk, i);
    }
    incoming_.Skip(same);
    if (all) {
      ++at_.chunk;
      return;
    }
    at_.index = same;
    if (incoming_.Peek(0) != nullptr) Resynchronize();
  }

  // The next endpoint is the one at at_.
  void TakeOne() {
    writer_.Copy(*old_[at_.chunk], at_.index);
    incoming_.Skip(1);
    Advance(&at_);
  }

  void TakeNew() {
    const Incoming::Endpoint& next = *incoming_.Peek(0);
    const FieldErrors::Scope scope(errors_, "lb_endpoints", incoming_.position());
    writer_.Add(next.hash, decoder_->Decode(next.bytes, errors_));
    incoming_.Skip(1);
  }

  // The next endpoint: copied if it was elsewhere before, as far as that is known, else decoded.
  void TakeAny() {
    if (!all_.has_value()) return TakeNew();
    const auto it = all_->find(incoming_.Peek(0)->hash);
    if (it == all_->end()) return TakeNew();
    writer_.Copy(*old_[it->second.chunk], it->second.index);
    incoming_.Skip(1);
  }

  // The next endpoint is not the one at at_: finds where the lists go on together.
  void Resynchronize() {
    if (all_.has_value()) return ResynchronizeAnywhere();
    if (ResynchronizeNear() || ResynchronizeInWindow()) return;
    all_.emplace();
    for (Place place = at_; place.chunk < old_.size(); Advance(&place)) {
      all_->emplace(old_hash(place), place);
    }
    ResynchronizeAnywhere();
  }

  // The usual edits: a few endpoints replaced, inserted or removed.
  bool ResynchronizeNear() {
    for (size_t steps = 1; steps <= 2 * kNear; ++steps) {
      Place place = at_;
      bool more = true;
      for (size_t gone = 0; gone <= steps && gone <= kNear && more; ++gone) {
        const size_t added = steps - gone;
        const Incoming::Endpoint* next = added <= kNear ? incoming_.Peek(added) : nullptr;
        if (next != nullptr && next->hash == old_hash(place)) return Join(added, place);
        more = Advance(&place);
      }
    }
    return false;
  }

  bool ResynchronizeInWindow() {
    Table window;
    window.reserve(kWindow);
    Place place = at_;
    for (size_t i = 0; i < kWindow; ++i) {
      window.emplace(old_hash(place), place);
      if (!Advance(&place)) break;
    }
    for (size_t added = 0; added < kWindow; ++added) {
      const Incoming::Endpoint* next = incoming_.Peek(added);
      if (next == nullptr) break;
      const auto it = window.find(next->hash);
      if (it != window.end()) return Join(added, it->second);
    }
    return false;
  }

  void ResynchronizeAnywhere() {
    const auto it = all_->find(incoming_.Peek(0)->hash);
    if (it == all_->end()) return TakeNew();
    const Place place = it->second;
    if (place.chunk < at_.chunk || (place.chunk == at_.chunk && place.index < at_.index)) {
      return TakeAny();
    }
    at_ = place;
  }

  // After `added` new endpoints, the lists go on together at `place`.
  bool Join(size_t added, const Place& place) {
    for (size_t i = 0; i < added; ++i) TakeNew();
    at_ = place;
    return true;
  }

  using Table = absl::flat_hash_map<Hash128, Place>;

  Incoming& incoming_;
  const EndpointChunks& old_;
  EndpointDecoder* const decoder_;
  FieldErrors* const errors_;
  EndpointChunkWriter writer_;
  Place at_;                  // in old_
  std::optional<Table> all_;  // of old_, once the lists were found to be far apart
};

}  // namespace

LocalityParts DecodeLocalityParts(absl::string_view bytes, const EndpointChunks& old,
                                  EndpointDecoder* decoder, FieldErrors* errors) {
  LocalityParts parts;
  Incoming incoming(bytes, &parts.header);
  parts.chunks = Differ(&incoming, old, decoder, errors).Run();
  parts.ok = incoming.ok();
  return parts;
}

}  // namespace mesh::xds
