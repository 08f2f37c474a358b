// Reads an image of the engine's memory with books, tables and frames in it, applies all frames in passes that start from the same state, prints the CPU nanoseconds
// a message of each pass, and writes the memory as it is then. Started and checked by bench/feeds/parse-apply.bench.ts.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <sys/mman.h>
#include <vector>
#include "kernel.hpp"

constexpr size_t PAGE = 4096;

// What a socket's read brought: frames with their headers, one behind the other.
struct Read {
  u32 at, end, ctx, frames;
};

static f64 cpuNs() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

static void must(bool holds, const char *text) {
  if (holds) return;
  fprintf(stderr, "%s\n", text);
  exit(1);
}

// kernel IMAGE PASSES OUT PROGRAM, the name of the program whose shapes the frames have; an image is: bytes of memory, pages, reads (u32 each, one unused), then page numbers and pages, then reads.
int main(int argc, char **argv) {
  must(argc == 5, "usage: kernel IMAGE PASSES OUT PROGRAM");
  const Kernel::Reader read = Kernel::reader(argv[4]);
  FILE *file = fopen(argv[1], "rb");
  must(file != nullptr, "no image");
  u32 head[4];
  must(fread(head, sizeof head, 1, file) == 1, "image is cut short");
  u8 *mem = (u8 *)mmap(nullptr, head[0], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  must(mem != MAP_FAILED, "no memory");
  std::vector<u32> numbers(head[1]);
  std::vector<u8> pages(head[1] * PAGE);
  std::vector<Read> reads(head[2]);
  must(fread(numbers.data(), 4, numbers.size(), file) == numbers.size(), "image is cut short");
  must(fread(pages.data(), PAGE, numbers.size(), file) == numbers.size(), "image is cut short");
  must(fread(reads.data(), sizeof(Read), reads.size(), file) == reads.size(), "image is cut short");
  fclose(file);
  const auto restore = [&] {
    for (size_t i = 0; i < numbers.size(); i++) memcpy(mem + numbers[i] * PAGE, &pages[i * PAGE], PAGE);
  };
  restore();
  std::map<u32, std::unique_ptr<Kernel>> kernels;
  std::vector<Kernel *> readers;
  size_t frames = 0;
  for (const Read &read : reads) {
    auto &kernel = kernels[read.ctx];
    if (!kernel) kernel = std::make_unique<Kernel>(mem, read.ctx);
    readers.push_back(kernel.get());
    frames += read.frames;
  }
  for (int pass = atoi(argv[2]); pass > 0; pass--) {
    restore();
    size_t applied = 0;
    const f64 before = cpuNs();
    for (size_t i = 0; i < reads.size(); i++) {
      u8 *at = mem + reads[i].at, *const end = mem + reads[i].end;
      while (at < end) {
        const Kernel::Run run = readers[i]->run(read, mem + reads[i].ctx, at, end, (f64)i);
        must(run.frames > 0, "a frame was not applied");
        applied += run.frames;
        at = run.to;
      }
    }
    const f64 took = cpuNs() - before;
    must(applied == frames, "a frame was not applied");
    printf("%.2f\n", took / frames);
  }
  FILE *out = fopen(argv[3], "wb");
  must(out != nullptr, "cannot write");
  for (u32 number : numbers) must(fwrite(mem + number * PAGE, PAGE, 1, out) == 1, "cannot write");
  must(fclose(out) == 0, "cannot write");
  return 0;
}
