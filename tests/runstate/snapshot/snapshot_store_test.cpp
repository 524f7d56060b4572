// SPDX-License-Identifier: Apache-2.0
// Snapshots as files of the host, and files in the making.
#include <vigil/runstate/snapshot/snapshot_store.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vigil/runstate/files/new_file.h>

#include <catch.h>

namespace {

using namespace vigil::runstate;
namespace fs = std::filesystem;
using byte_string = std::vector<std::uint8_t>;

struct folder {
    folder()
    {
        std::string name = (fs::temp_directory_path() / "vigil-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { fs::remove_all(path); }
    std::string file(const std::string& name) const { return (path / name).string(); }
    std::size_t entries() const
    {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
    }
    file_place place(const char* name) const { return std::get<file_place>(file_place(file(name)).settled()); }
    fs::path path;
};

snapshot stored_sample()
{
    return {{"machine", 0, {{"clock", std::uint64_t{7}}, {"run_state", byte_string{'o', 'k'}}}}};
}

void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string content(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string sample_content()
{
    const byte_string bytes = encode_snapshot(stored_sample());
    return {bytes.begin(), bytes.end()};
}

std::unique_ptr<snapshot_draft> created(const std::string& path)
{
    auto draft = snapshot_files().create(file_place(path));
    if (!draft) FAIL(draft.why().text);
    return *std::move(draft);
}

std::string creation_fault(const std::string& path) { return snapshot_files().create(file_place(path)).why().text; }

std::string reading_fault(const std::string& path, std::uint64_t most_bytes = 1024)
{
    return snapshot_files().read(file_place(path), most_bytes).why().text;
}

// A file in the making, with something in it.
new_file with_text(const file_place& place, bool nameless)
{
    auto made = new_file::at(place, nameless);
    if (const auto* error = std::get_if<std::error_code>(&made)) FAIL(error->message());
    CHECK(::write(std::get<new_file>(made).number(), "new", 3) == 3);
    return std::move(std::get<new_file>(made));
}

// Does it in a process of its own; how that ended, minus the signal.
template <class Act> int in_child(const Act& act)
{
    const pid_t child = ::fork();
    if (child == 0) {
        act();
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

} // namespace

TEST_CASE("snapshot files: what is not a regular file is neither read nor replaced")
{
    const folder place;
    CHECK(reading_fault(place.file("none")) ==
          "Could not read '" + place.file("none") + "': No such file or directory");
    CHECK(reading_fault(place.path.string()) == "Could not read '" + place.path.string() + "': not a regular file");
    CHECK(reading_fault("/dev/zero") == "Could not read '/dev/zero': not a regular file");
    REQUIRE(::mkfifo(place.file("fifo").c_str(), 0600) == 0);
    CHECK(reading_fault(place.file("fifo")) == "Could not read '" + place.file("fifo") + "': not a regular file");
    CHECK(creation_fault(place.file("fifo")) == "Could not write '" + place.file("fifo") + "': not a regular file");
    CHECK(creation_fault("/dev/null") == "Could not write '/dev/null': not a regular file");
    CHECK(creation_fault(place.file("no/file")) ==
          "Could not create a file beside '" + place.file("no/file") + "': No such file or directory");
    CHECK(creation_fault(place.path.string() + "/") ==
          "Could not write '" + place.path.string() + "/': not a regular file");
}

TEST_CASE("snapshot files: a file is replaced whole or not at all, and nothing is left beside it")
{
    const folder place;
    const std::string path = place.file("saved");
    put(path, "old");
    created(path).reset();
    CHECK(content(path) == "old");
    CHECK(place.entries() == 1);

    fs::create_symlink(path, place.file("link"));
    const auto checksum = created(place.file("link"))->commit(stored_sample());
    REQUIRE(checksum);
    CHECK(*checksum == 0x99547351);
    CHECK(fs::is_symlink(place.file("link")));
    CHECK(content(path) == sample_content());
    CHECK(place.entries() == 2);

    const auto stored = snapshot_files().read(file_place(path), 1024);
    REQUIRE(stored);
    CHECK(stored->checksum == 0x99547351);
    CHECK(encode_snapshot(stored->state) == encode_snapshot(stored_sample()));
}

TEST_CASE("snapshot files: of a huge sparse file only the header is read")
{
    const folder place;
    const std::string path = place.file("huge");
    constexpr off_t k_huge = off_t{8} << 40;
    put(path, "");
    if (::truncate(path.c_str(), k_huge) != 0) return; // this file system has no such files
    CHECK(reading_fault(path) == "'" + path + "' is not a Vigil snapshot");
    std::string header = sample_content().substr(0, 16);
    const std::uint64_t body = static_cast<std::uint64_t>(k_huge) - 24;
    for (unsigned i = 0; i < 8; ++i) header += static_cast<char>(body >> (8 * i));
    put(path, header);
    REQUIRE(::truncate(path.c_str(), k_huge) == 0);
    CHECK(reading_fault(path, 1000) == "'" + path +
                                           "' is too large for this machine: the state in it has 8796093022184 bytes, "
                                           "this machine's has 1000 at most");
}

TEST_CASE("snapshot files: beyond the limit of a file's size it is an error, and the older file stays")
{
    const folder place;
    const std::string path = place.file("saved");
    put(path, "old");
    const int status = in_child([&] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{64, 64};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const auto outcome = created(path)->commit(stored_sample());
        ::_exit(!outcome && outcome.why().text == "Could not write '" + path + "': File too large" ? 7 : 8);
    });
    CHECK(status == 7);
    CHECK(content(path) == "old");
    CHECK(place.entries() == 1);
}

TEST_CASE("new file: it gets its name, free or taken, with and without a name before")
{
    for (const bool nameless : {true, false}) {
        CAPTURE(nameless);
        const folder here;
        for (const char* before : {"", "old"}) {
            if (*before != '\0') put(here.file("f"), before);
            new_file file = with_text(here.place("f"), nameless);
            CHECK_FALSE(file.publish());
            CHECK(content(here.file("f")) == "new");
            CHECK(here.entries() == 1);
            struct stat info = {};
            REQUIRE(::stat(here.file("f").c_str(), &info) == 0);
            CHECK((info.st_mode & 0777) == 0600);
        }
    }
}

TEST_CASE("new file: one that was killed leaves nothing, or what the next one removes")
{
    const folder here;
    put(here.file("f"), "old");
    for (const bool nameless : {true, false}) {
        CAPTURE(nameless);
        CHECK(in_child([&] {
                  const new_file file = with_text(here.place("f"), nameless);
                  ::raise(SIGKILL);
              }) == -SIGKILL);
        CHECK(content(here.file("f")) == "old");
        CHECK(here.entries() <= 2);
        with_text(here.place("f"), nameless);
        CHECK(here.entries() == 1);
    }
}

TEST_CASE("new file: what another is making for the same place is left alone, and so is what is no file in the making")
{
    const folder here;
    new_file first = with_text(here.place("f"), false);
    REQUIRE(::mkfifo(here.file(".f.saving-1").c_str(), 0600) == 0);
    new_file second = with_text(here.place("f"), false);
    CHECK(here.entries() == 3);
    CHECK_FALSE(second.publish());
    CHECK(fs::is_fifo(here.file(".f.saving-1")));
    CHECK_FALSE(first.publish());
    CHECK(content(here.file("f")) == "new");
    CHECK(here.entries() == 2);
}

TEST_CASE("new file: where it cannot be named, the error is told and nothing is left")
{
    for (const bool nameless : {true, false}) {
        CAPTURE(nameless);
        const folder here;
        new_file file = with_text(here.place("f"), nameless);
        fs::create_directory(here.file("f"));
        CHECK(file.publish() == std::errc::is_a_directory);
        {
            const new_file gone = std::move(file);
        }
        CHECK(here.entries() == 1);
    }
}
