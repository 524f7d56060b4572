// SPDX-License-Identifier: Apache-2.0
// Runs a libFuzzer target without libFuzzer: on files, or on so many inputs of a fixed random sequence.
// usage: TARGET COUNT | TARGET FILE...
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using input = std::vector<std::uint8_t>;

constexpr std::size_t k_longest = 600;

input random_input(std::mt19937_64& random)
{
    input bytes(random() % k_longest);
    // Half of the inputs are made of few values, so that more of them come in rows.
    const std::uint64_t values = random() % 2 == 0 ? 256 : 1 + random() % 16;
    const std::uint64_t first = random();
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(first + random() % values * (256 / values));
    return bytes;
}

bool run_file(const char* path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    const input bytes{std::istreambuf_iterator<char>(file), {}};
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    return true;
}

} // namespace

int main(int argc, char* argv[])
{
    char* end = nullptr;
    const long count = argc == 2 ? std::strtol(argv[1], &end, 10) : 0;
    if (count > 0 && *end == '\0') {
        std::mt19937_64 random(20101);
        for (long i = 0; i < count; ++i) {
            const input bytes = random_input(random);
            LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
        }
        std::printf("%ld inputs\n", count);
        return 0;
    }
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s COUNT | %s FILE...\n", argv[0], argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; ++i) {
        if (!run_file(argv[i])) return 2;
    }
    return 0;
}
