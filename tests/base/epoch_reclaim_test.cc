// When a retired value is destroyed: as soon as no reader can see it, and no sooner.

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/epoch.h"
#include "mesh/base/published.h"
#include "tests/testing/gate.h"

namespace mesh {
namespace {

// Says, when it is destroyed, that it was.
struct Value {
  Value(int n, std::vector<int>* destroyed) : number(n), log(destroyed) {}
  ~Value() { log->push_back(number); }
  const int number;
  std::vector<int>* const log;
};

class EpochReclaimTest : public ::testing::Test {
 protected:
  std::unique_ptr<const Value> Make(int number) {
    return std::make_unique<const Value>(number, &destroyed_);
  }

  std::vector<int> destroyed_;
  EpochDomain domain_;
};

TEST_F(EpochReclaimTest, WithoutAReaderTheOldValueDiesAtOnce) {
  Published<Value> cell(&domain_);
  {
    const EpochReader reader(domain_);
    EXPECT_EQ(cell.Get(reader), nullptr);
  }
  cell.Publish(Make(1));
  EXPECT_TRUE(destroyed_.empty());
  cell.Publish(Make(2));
  EXPECT_EQ(destroyed_, std::vector<int>({1}));
  EXPECT_EQ(domain_.Reclaim(), 0u);
  EXPECT_EQ(cell.writer_view()->number, 2);
}

TEST_F(EpochReclaimTest, AReaderKeepsWhatItSawAndWhatItMightSee) {
  Published<Value> cell(&domain_);
  cell.Publish(Make(1));
  {
    // 1. A reader looks.
    const EpochReader reader(domain_);
    const Value* const seen = cell.Get(reader);
    EXPECT_EQ(seen->number, 1);
    // 2. The value is replaced twice; the reader might have looked in between.
    cell.Publish(Make(2));
    cell.Publish(Make(3));
    EXPECT_TRUE(destroyed_.empty());
    EXPECT_EQ(domain_.Reclaim(), 2u);
    // 3. What it saw is still whole; what it sees now is new.
    EXPECT_EQ(seen->number, 1);
    EXPECT_EQ(cell.Get(reader)->number, 3);
  }
  // 4. The reader is gone: both die, in the order they were retired, once somebody asks.
  EXPECT_TRUE(destroyed_.empty());
  EXPECT_EQ(domain_.Reclaim(), 0u);
  EXPECT_EQ(destroyed_, std::vector<int>({1, 2}));
}

TEST_F(EpochReclaimTest, AReaderThatCameLaterKeepsNothing) {
  Published<Value> cell(&domain_);
  cell.Publish(Make(1));
  auto early = std::make_unique<EpochReader>(domain_);
  cell.Publish(Make(2));
  testing::Gate reading, done;
  std::thread late([&] {
    const EpochReader reader(domain_);
    EXPECT_EQ(cell.Get(reader)->number, 2);
    reading.Open();
    done.Wait();
  });
  reading.Wait();
  EXPECT_EQ(domain_.Reclaim(), 1u);  // for the early one
  early.reset();
  EXPECT_EQ(domain_.Reclaim(), 0u);  // although the late one still reads
  EXPECT_EQ(destroyed_, std::vector<int>({1}));
  done.Open();
  late.join();
}

TEST_F(EpochReclaimTest, AReaderInAReaderIsPartOfTheOuterOne) {
  Published<Value> cell(&domain_);
  cell.Publish(Make(1));
  {
    const EpochReader outer(domain_);
    const Value* const seen = cell.Get(outer);
    cell.Publish(Make(2));
    {
      const EpochReader inner(domain_);
      EXPECT_EQ(cell.Get(inner)->number, 2);
      const EpochReader innermost(domain_);
      EXPECT_EQ(cell.Get(innermost)->number, 2);
    }
    // The end of the inner ones is not the end of the outer one.
    EXPECT_EQ(domain_.Reclaim(), 1u);
    EXPECT_EQ(seen->number, 1);
  }
  EXPECT_EQ(domain_.Reclaim(), 0u);
}

TEST_F(EpochReclaimTest, AnotherThreadsReaderKeepsTheValue) {
  Published<Value> cell(&domain_);
  cell.Publish(Make(1));
  testing::Gate reading, done;
  std::thread other([&] {
    const EpochReader reader(domain_);
    const Value* const seen = cell.Get(reader);
    reading.Open();
    done.Wait();
    EXPECT_EQ(seen->number, 1);
  });
  reading.Wait();
  cell.Publish(Make(2));
  EXPECT_EQ(domain_.Reclaim(), 1u);
  done.Open();
  other.join();
  EXPECT_EQ(domain_.Reclaim(), 0u);
}

TEST_F(EpochReclaimTest, MoreReadersThanSlotsAtFirst) {
  constexpr int kReaders = 40;
  Published<Value> cell(&domain_);
  cell.Publish(Make(0));
  testing::Gate done;
  std::vector<std::unique_ptr<testing::Gate>> reading;
  std::vector<std::thread> threads;
  for (int i = 0; i < kReaders; ++i) {
    testing::Gate* const mine = reading.emplace_back(std::make_unique<testing::Gate>()).get();
    threads.emplace_back([&cell, &done, mine, i, this] {
      const EpochReader reader(domain_);
      const Value* const seen = cell.Get(reader);
      mine->Open();
      done.Wait();
      EXPECT_EQ(seen->number, i);
    });
    mine->Wait();
    cell.Publish(Make(i + 1));
  }
  // Each is kept by the reader that saw it, and by all before.
  EXPECT_EQ(domain_.Reclaim(), static_cast<size_t>(kReaders));
  done.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(domain_.Reclaim(), 0u);
}

TEST_F(EpochReclaimTest, WhatIsDestroyedMayRetireMore) {
  int order = 0;
  int outer = 0, inner = 0;
  {
    const EpochReader reader(domain_);
    domain_.Retire([&] {
      outer = ++order;
      domain_.Retire([&] { inner = ++order; });
    });
    EXPECT_EQ(order, 0);
  }
  EXPECT_EQ(domain_.Reclaim(), 0u);
  EXPECT_EQ(outer, 1);
  EXPECT_EQ(inner, 2);
}

TEST_F(EpochReclaimTest, TheEndOfADomainDestroysWhatWasRetired) {
  {
    EpochDomain domain;
    {
      const EpochReader reader(domain);
      domain.Retire([this] { destroyed_.push_back(1); });
      domain.Retire([this, &domain] {
        destroyed_.push_back(2);
        domain.Retire([this] { destroyed_.push_back(3); });
      });
    }
    EXPECT_TRUE(destroyed_.empty());
  }
  EXPECT_EQ(destroyed_, std::vector<int>({1, 2, 3}));
}

TEST_F(EpochReclaimTest, DomainsDoNotKnowEachOther) {
  EpochDomain second;
  Published<Value> here(&domain_);
  Published<Value> there(&second);
  here.Publish(Make(1));
  there.Publish(Make(11));
  {
    const EpochReader reader(domain_);
    there.Publish(Make(12));  // no reader of its domain
    EXPECT_EQ(destroyed_, std::vector<int>({11}));
    const EpochReader reader_there(second);
    EXPECT_EQ(here.Get(reader)->number, 1);
    EXPECT_EQ(there.Get(reader_there)->number, 12);
    here.Publish(Make(2));
    there.Publish(Make(13));
    EXPECT_EQ(destroyed_, std::vector<int>({11}));
  }
  EXPECT_EQ(domain_.Reclaim(), 0u);
  EXPECT_EQ(second.Reclaim(), 0u);
  EXPECT_EQ(destroyed_, std::vector<int>({11, 1, 12}));
}

TEST_F(EpochReclaimTest, ADomainAtTheAddressOfADeadOneIsAnother) {
  std::optional<EpochDomain> domain;
  for (int life = 0; life < 10; ++life) {
    domain.emplace();  // where the one before it was
    bool gone = false;
    {
      // A slot of the former life would not be scanned (and is freed memory).
      const EpochReader reader(*domain);
      domain->Retire([&] { gone = true; });
      EXPECT_FALSE(gone);
    }
    EXPECT_EQ(domain->Reclaim(), 0u);
    EXPECT_TRUE(gone);
  }
}

TEST_F(EpochReclaimTest, ThreadsAndDomainsEndInAnyOrder) {
  // 1. The thread ends first.
  std::optional<EpochDomain> domain(std::in_place);
  std::thread([&] { const EpochReader reader(*domain); }).join();
  int destroyed = 0;
  domain->Retire([&] { ++destroyed; });
  EXPECT_EQ(destroyed, 1);
  // 2. The domain ends first; the thread goes on to another one.
  testing::Gate has_read, domain_ended;
  std::thread thread([&] {
    { const EpochReader reader(*domain); }
    has_read.Open();
    domain_ended.Wait();
    const EpochReader reader(*domain);
  });
  has_read.Wait();
  domain.emplace();
  domain_ended.Open();
  thread.join();
  domain->Retire([&] { ++destroyed; });
  EXPECT_EQ(destroyed, 2);
}

}  // namespace
}  // namespace mesh
