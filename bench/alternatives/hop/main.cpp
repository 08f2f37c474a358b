// One record from thread to thread and back through two rings of 128-byte records with C++ atomics, both threads spinning: counted by a head and a tail on lines of
// their own, as such rings are written; or with a mark before each record, as src/core/memory/spsc-ring.ts has it.
// hop counted|marked ROUNDS BATCHES TRIPS: prints for each round the nanoseconds of half a round trip, one figure a batch, in one line.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

namespace {

constexpr std::uint32_t CAPACITY = 64;
constexpr std::uint32_t MASK = CAPACITY - 1;

struct Record {
  double words[16];
};

class CountedRing {
 public:
  Record* reserve() {
    if (static_cast<std::int32_t>(own_head_ - seen_tail_) >= static_cast<std::int32_t>(CAPACITY)) {
      seen_tail_ = tail_.load(std::memory_order_acquire);
      if (static_cast<std::int32_t>(own_head_ - seen_tail_) >= static_cast<std::int32_t>(CAPACITY)) return nullptr;
    }
    return &records_[own_head_ & MASK];
  }
  void commit() { head_.store(++own_head_, std::memory_order_release); }
  const Record* front() {
    if (own_tail_ == seen_head_) {
      seen_head_ = head_.load(std::memory_order_acquire);
      if (own_tail_ == seen_head_) return nullptr;
    }
    return &records_[own_tail_ & MASK];
  }
  void release() { tail_.store(++own_tail_, std::memory_order_release); }

 private:
  alignas(128) std::atomic<std::uint32_t> head_{0};
  alignas(128) std::atomic<std::uint32_t> tail_{0};
  alignas(128) std::uint32_t own_head_ = 0;
  std::uint32_t seen_tail_ = 0;
  alignas(128) std::uint32_t own_tail_ = 0;
  std::uint32_t seen_head_ = 0;
  alignas(128) Record records_[CAPACITY];
};

class MarkedRing {
 public:
  Record* reserve() {
    if (static_cast<std::int32_t>(own_head_ - seen_tail_) >= static_cast<std::int32_t>(CAPACITY)) {
      seen_tail_ = tail_.load(std::memory_order_acquire);
      if (static_cast<std::int32_t>(own_head_ - seen_tail_) >= static_cast<std::int32_t>(CAPACITY)) return nullptr;
    }
    return &slots_[own_head_ & MASK].record;
  }
  void commit() {
    slots_[own_head_ & MASK].mark.store(own_head_ << 1 | 1, std::memory_order_release);
    head_.store(++own_head_, std::memory_order_release);
  }
  const Record* front() {
    const Slot& slot = slots_[own_tail_ & MASK];
    return slot.mark.load(std::memory_order_acquire) == (own_tail_ << 1 | 1) ? &slot.record : nullptr;
  }
  void release() { tail_.store(++own_tail_, std::memory_order_release); }

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint32_t> mark{0};
    Record record;
  };
  alignas(128) std::atomic<std::uint32_t> head_{0};
  alignas(128) std::atomic<std::uint32_t> tail_{0};
  alignas(128) std::uint32_t own_head_ = 0;
  std::uint32_t seen_tail_ = 0;
  alignas(128) std::uint32_t own_tail_ = 0;
  alignas(128) Slot slots_[CAPACITY];
};

constexpr int PRICE = 5;

template <class Ring>
void answer(Ring& there, Ring& back) {
  for (;;) {
    const Record* record = there.front();
    if (record == nullptr) continue;
    const double value = record->words[PRICE];
    there.release();
    back.reserve()->words[PRICE] = value + 1;
    back.commit();
    if (value < 0) return;
  }
}

template <class Ring>
double trip(Ring& there, Ring& back, double value) {
  there.reserve()->words[PRICE] = value;
  there.commit();
  for (;;) {
    const Record* record = back.front();
    if (record == nullptr) continue;
    const double answered = record->words[PRICE];
    back.release();
    return answered;
  }
}

template <class Ring>
bool run(int rounds, int batches, int trips) {
  auto there = std::make_unique<Ring>();
  auto back = std::make_unique<Ring>();
  std::thread peer([&] { answer(*there, *back); });
  bool is_right = true;
  for (int round = 0; round < rounds; round++) {
    for (int batch = 0; batch < batches; batch++) {
      const auto from = std::chrono::steady_clock::now();
      for (int i = 0; i < trips; i++) is_right = trip(*there, *back, i) == i + 1 && is_right;
      const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - from;
      std::printf("%s%.1f", batch == 0 ? "" : " ", took.count() / trips / 2);
    }
    std::printf("\n");
  }
  trip(*there, *back, -1);
  peer.join();
  return is_right;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int rounds = std::atoi(argv[2]), batches = std::atoi(argv[3]), trips = std::atoi(argv[4]);
  const bool is_right = std::strcmp(argv[1], "marked") == 0 ? run<MarkedRing>(rounds, batches, trips) : run<CountedRing>(rounds, batches, trips);
  return is_right ? 0 : 1;
}
