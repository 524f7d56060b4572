// SPDX-License-Identifier: Apache-2.0
// Drives a libFuzzer target without libFuzzer, with its spelling of options: each seed first, then so many inputs made
// from seeds, dictionary words and chance, in a sequence that is always the same. An input that ends the program is
// left in TARGET.crash.
// usage: TARGET [-runs=COUNT] [-dict=FILE] [FOLDER_OF_SEEDS | FILE]...
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

namespace fs = std::filesystem;
using input = std::vector<std::uint8_t>;
using inputs = std::vector<input>;

constexpr std::size_t k_longest = 4096;
constexpr std::size_t k_longest_of_chance = 600;

std::string crash_file;
const input* running = nullptr;

// Only what a signal handler may do.
void keep_running_input()
{
    if (running == nullptr) return;
    const int fd = ::open(crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || ::write(fd, running->data(), running->size()) < 0) return;
    ::close(fd);
}

void on_fatal_signal(int number)
{
    keep_running_input();
    std::signal(number, SIG_DFL);
    std::raise(number);
}

void run(const input& bytes)
{
    running = &bytes;
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    running = nullptr;
}

std::optional<input> read(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    return input{std::istreambuf_iterator<char>(file), {}};
}

// The word between the quotes of one line of a dictionary: \\, \" and \xAB stand for bytes.
std::optional<input> dictionary_word(std::string_view line)
{
    const std::size_t open = line.find('"');
    const std::size_t close = line.rfind('"');
    if (open == close) return std::nullopt;
    const std::string text(line.substr(open + 1, close - open - 1));
    input word;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escaped = text[i] == '\\' && i + 1 < text.size();
        if (escaped) ++i;
        if (escaped && text[i] == 'x') {
            word.push_back(static_cast<std::uint8_t>(std::strtoul(text.substr(i + 1, 2).c_str(), nullptr, 16)));
            i += 2;
        } else {
            word.push_back(static_cast<std::uint8_t>(text[i]));
        }
    }
    return word;
}

bool read_dictionary(const fs::path& path, inputs& words)
{
    std::ifstream file(path);
    if (!file) return false;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() == '#') continue;
        auto word = dictionary_word(line);
        if (!word) return false;
        words.push_back(std::move(*word));
    }
    return !words.empty();
}

class inventor {
public:
    inventor(const inputs& seeds, const inputs& words) : seeds_(seeds), words_(words) {}

    input next()
    {
        if (seeds_.empty() || below(4) == 0) return by_chance();
        input bytes = one_of(seeds_);
        for (std::size_t changes = 1 + below(8); changes > 0; --changes) change(bytes);
        bytes.resize(std::min(bytes.size(), k_longest));
        return bytes;
    }

private:
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
    std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }
    const input& one_of(const inputs& all) { return all[below(all.size())]; }

    // Half of these are made of few values, so that more of them come in rows.
    input by_chance()
    {
        input bytes(below(k_longest_of_chance));
        const std::size_t values = below(2) == 0 ? 256 : 1 + below(16);
        const std::size_t first = byte();
        for (std::uint8_t& one : bytes) one = static_cast<std::uint8_t>(first + below(values) * (256 / values));
        return bytes;
    }

    void change(input& bytes)
    {
        const std::size_t at = below(bytes.size() + 1);
        const std::size_t length = std::min(bytes.size() - at, 1 + below(32));
        const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = place + static_cast<std::ptrdiff_t>(length);
        switch (below(words_.empty() ? 5 : 8)) {
        case 0: bytes.insert(place, byte()); break;
        case 1: bytes.erase(place, end); break;
        case 2:
            if (length != 0) *place = byte();
            break;
        case 3: insert(bytes, at, input(place, end)); break;
        case 4: {
            const input& other = one_of(seeds_);
            const auto from = other.begin() + static_cast<std::ptrdiff_t>(below(other.size() + 1));
            insert(bytes, at, input(from, other.end()));
            break;
        }
        case 5: bytes.erase(place, end); [[fallthrough]];
        default: insert(bytes, at, one_of(words_)); break;
        }
    }

    static void insert(input& bytes, std::size_t at, const input& piece)
    {
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
    }

    const inputs& seeds_;
    const inputs& words_;
    std::mt19937_64 random_{20101};
};

struct arguments {
    long runs = 0;
    inputs seeds;
    inputs words;

    // Takes one in; returns whether it is right.
    bool take(const std::string& argument)
    {
        if (argument.rfind("-runs=", 0) == 0) {
            runs = std::atol(argument.c_str() + 6);
            return runs > 0;
        }
        if (argument.rfind("-dict=", 0) == 0) return read_dictionary(argument.substr(6), words);
        std::vector<fs::path> files{argument};
        if (fs::is_directory(argument)) files.assign(fs::directory_iterator(argument), {});
        std::sort(files.begin(), files.end());
        for (const fs::path& file : files) {
            auto seed = read(file);
            if (!seed) return false;
            seeds.push_back(std::move(*seed));
        }
        return true;
    }
};

} // namespace

int main(int argc, char* argv[])
{
    arguments given;
    for (int i = 1; i < argc; ++i) {
        if (given.take(argv[i])) continue;
        std::fprintf(stderr, "%s: cannot be read\nusage: %s [-runs=COUNT] [-dict=FILE] [FOLDER_OF_SEEDS | FILE]...\n",
                     argv[i], argv[0]);
        return 2;
    }
    crash_file = fs::path(argv[0]).filename().string() + ".crash";
    for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(number, on_fatal_signal);
    if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_running_input);

    for (const input& seed : given.seeds) run(seed);
    inventor invent(given.seeds, given.words);
    for (long i = 0; i < given.runs; ++i) run(invent.next());
    std::printf("%zu seeds and %ld inputs made of them\n", given.seeds.size(), given.runs);
    return 0;
}
