// SPDX-License-Identifier: Apache-2.0
// Makes a folder of seeds as fuzz targets read them: fuzz_seeds FROM TO copies each file of FROM into TO. One whose
// name ends in .hex loses the ending and becomes the bytes that it spells: pairs of hexadecimal digits, blanks between
// them; the rest of a line behind a '#' is for the reader.
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;

std::optional<std::string> bytes_of(std::istream& text)
{
    std::string bytes;
    for (std::string line; std::getline(text, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        for (std::string word; words >> word;) {
            unsigned value = 0;
            const char* end = word.data() + word.size();
            const auto [stop, error] = std::from_chars(word.data(), end, value, 16);
            if (error != std::errc{} || stop != end || word.size() != 2) return std::nullopt;
            bytes += static_cast<char>(value);
        }
    }
    return bytes;
}

} // namespace

int main(int argc, char* argv[])
{
    if (argc != 3) {
        std::fputs("usage: fuzz_seeds FROM TO\n", stderr);
        return 2;
    }
    const fs::path to = argv[2];
    fs::create_directories(to);
    for (const auto& entry : fs::directory_iterator(argv[1])) {
        const bool spelt = entry.path().extension() == ".hex";
        std::ifstream in(entry.path(), std::ios::binary);
        const auto bytes = spelt ? bytes_of(in) : std::string(std::istreambuf_iterator<char>(in), {});
        if (!bytes) {
            std::fprintf(stderr, "fuzz_seeds: %s: not pairs of hexadecimal digits\n", entry.path().c_str());
            return 1;
        }
        std::ofstream(to / (spelt ? entry.path().stem() : entry.path().filename()), std::ios::binary) << *bytes;
    }
    return 0;
}
