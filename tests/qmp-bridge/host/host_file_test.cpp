// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/host/host_file.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch.h>

namespace fs = std::filesystem;
using namespace vigil::qmp_bridge;

namespace {

struct folder {
    folder() : before(::umask(0))
    {
        std::string name = (fs::temp_directory_path() / "vigil-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder()
    {
        ::umask(before);
        fs::remove_all(path);
    }
    std::string file(const char* name) const { return (path / name).string(); }
    mode_t before;
    fs::path path;
};

std::string content(const std::string& path)
{
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Writes three bytes to what is opened; returns why nothing is.
std::string write_to(const std::string& path)
{
    auto opened = open_private_file(path);
    if (!opened) return opened.why().text;
    std::FILE* const file = *opened;
    CHECK((::fcntl(::fileno(file), F_GETFD) & FD_CLOEXEC) != 0);
    std::fputs("abc", file);
    std::fclose(file);
    return {};
}

} // namespace

TEST_CASE("host file: what is written is for nobody else's eyes, whatever the umask and the file's mode")
{
    const folder here;
    const std::string path = here.file("f");
    CHECK(write_to(path).empty());
    CHECK(fs::status(path).permissions() == fs::perms(0600));
    std::ofstream(path) << "something longer";
    fs::permissions(path, fs::perms(0666));
    CHECK(write_to(path).empty());
    CHECK(content(path) == "abc");
    CHECK(fs::status(path).permissions() == fs::perms(0600));
}

TEST_CASE("host file: links are not followed, and what is no file, pipe or character device is refused")
{
    const folder here;
    std::ofstream(here.file("precious")) << "precious";
    fs::create_symlink("precious", here.file("link"));
    fs::create_symlink("none", here.file("dangling"));
    for (const char* link : {"link", "dangling"}) {
        CHECK(write_to(here.file(link)) == here.file(link) + ": is a symbolic link, which is not followed");
    }
    CHECK(content(here.file("precious")) == "precious");
    CHECK_FALSE(fs::exists(here.file("none")));
    CHECK(write_to(here.path.string()) == here.path.string() + ": Is a directory");
    CHECK(write_to(here.file("no/file")) == here.file("no/file") + ": No such file or directory");
    CHECK(write_to("/dev/null").empty());
}

TEST_CASE("host file: a pipe and the program's own descriptors are written to as they are")
{
    const folder here;
    const std::string pipe = here.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0644) == 0);
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(write_to(pipe).empty());
    char bytes[8] = {};
    CHECK(::read(reader, bytes, sizeof bytes) == 3);
    ::close(reader);

    std::ofstream(here.file("own")) << "before ";
    const int own = ::open(here.file("own").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    CHECK(write_to("/dev/fd/" + std::to_string(own)).empty());
    CHECK(write_to("/proc/self/fd/" + std::to_string(own)).empty());
    ::close(own);
    CHECK(content(here.file("own")) == "before abcabc");
    const int only_read = ::open(here.file("own").c_str(), O_RDONLY | O_CLOEXEC);
    const std::string name = "/dev/fd/" + std::to_string(only_read);
    CHECK(write_to(name) == name + ": not open for writing");
    ::close(only_read);
    CHECK(write_to(name) == name + ": Bad file descriptor");
}

TEST_CASE("host file: one that is too long is not read to its end")
{
    const folder here;
    std::ofstream(here.file("f")) << "12345";
    CHECK(*read_whole_file(here.file("f"), 5) == "12345");
    CHECK(read_whole_file(here.file("f"), 4).why().text == here.file("f") + ": has more than 4 bytes");
    CHECK(read_whole_file("/dev/zero", 1000).why().text == "/dev/zero: has more than 1000 bytes");
    CHECK(read_whole_file(here.file("no"), 4).why().text == here.file("no") + ": No such file or directory");
    CHECK(read_whole_file(here.path.string(), 4).why().text == here.path.string() + ": Is a directory");
}
