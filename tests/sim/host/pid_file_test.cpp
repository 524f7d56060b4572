// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/host/pid_file.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch.h>

namespace fs = std::filesystem;
using vigil::sim::pid_file;

namespace {

struct folder {
    folder()
    {
        std::string name = (fs::temp_directory_path() / "vigil-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { fs::remove_all(path); }
    std::string file(const char* name) const { return (path / name).string(); }
    fs::path path;
};

void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string content(const std::string& path)
{
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string own_text() { return std::to_string(::getpid()) + "\n"; }

// Why a pid file cannot be written; it is gone again afterwards.
std::string fault(const std::string& path)
{
    pid_file file;
    return file.write(path).value_or("");
}

// Does it in a process of its own; its exit status.
template <class Act> int in_child(const Act& act)
{
    const pid_t child = ::fork();
    if (child == 0) ::_exit(act());
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace

TEST_CASE("pid file: it is created or taken over, and gone at the end")
{
    const folder here;
    for (const char* before : {"", "1", "123456\n", "12345678901234567890"}) {
        CAPTURE(before);
        if (*before != '\0') put(here.file("pid"), before);
        {
            pid_file file;
            CHECK_FALSE(file.write(here.file("pid")));
            CHECK(content(here.file("pid")) == own_text());
        }
        CHECK_FALSE(fs::exists(here.file("pid")));
    }
}

TEST_CASE("pid file: what is not one is refused, and neither written nor removed")
{
    const folder here;
    const std::string no_pid = "is not a pid file: it must not exist yet, or have one line with a decimal number";
    for (const char* text :
         {"", "precious", "12 34", "12\n34\n", "-5\n", "12\n\n", "0x12", "1234567890123456789012345678901234567890"}) {
        CAPTURE(text);
        put(here.file("f"), text);
        CHECK(fault(here.file("f")) == no_pid);
        CHECK(content(here.file("f")) == text);
    }
    put(here.file("target"), "12\n");
    fs::create_symlink("target", here.file("link"));
    fs::create_symlink("none", here.file("dangling"));
    for (const char* link : {"link", "dangling"}) {
        CHECK(fault(here.file(link)) == "is a symbolic link, which is not followed");
        CHECK(fs::is_symlink(here.file(link)));
    }
    CHECK(content(here.file("target")) == "12\n");
    CHECK_FALSE(fs::exists(here.file("none")));
    REQUIRE(::mkfifo(here.file("fifo").c_str(), 0600) == 0);
    CHECK(fault(here.file("fifo")) == "is not a regular file");
    CHECK(fs::is_fifo(here.file("fifo")));
    CHECK(fault(here.path.string()) == "is not a regular file");
    CHECK(fault(here.file("no/pid")) == "cannot be created: No such file or directory");
    if (::mknod(here.file("device").c_str(), S_IFCHR | 0600, ::makedev(1, 3)) == 0) { // takes a privilege
        CHECK(fault(here.file("device")) == "is not a regular file");
        CHECK(fs::is_character_file(here.file("device")));
    }
}

TEST_CASE("pid file: it stays its program's though the file is opened and closed by others, in the program and outside")
{
    const folder here;
    const std::string path = here.file("pid");
    pid_file file;
    REQUIRE_FALSE(file.write(path));
    ::close(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    const std::string taken = "belongs to a program that still runs, process " + std::to_string(::getpid());
    CHECK(in_child([&] { return fault(path) == taken ? 7 : 8; }) == 7);
    CHECK(content(path) == own_text());
}

TEST_CASE("pid file: one that another program holds by a lock of its process is refused")
{
    const folder here;
    const std::string path = here.file("pid");
    put(path, "77\n");
    const int held = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(::lockf(held, F_TLOCK, 0) == 0);
    CHECK(in_child([&] { return fault(path) == "belongs to a program that still runs, process 77" ? 7 : 8; }) == 7);
    ::close(held);
    CHECK(content(path) == "77\n");
}

TEST_CASE("pid file: where another file has got its name, that one stays")
{
    const folder here;
    {
        pid_file file;
        REQUIRE_FALSE(file.write(here.file("pid")));
        put(here.file("other"), "other");
        fs::rename(here.file("other"), here.file("pid"));
    }
    CHECK(content(here.file("pid")) == "other");
    {
        pid_file file;
        REQUIRE_FALSE(file.write(here.file("moved")));
        fs::create_directory(here.file("folder"));
        fs::rename(here.file("moved"), here.file("folder/moved"));
    }
    CHECK(fs::exists(here.file("folder/moved")));
}

TEST_CASE("pid file: where the number cannot be written, one that was created goes and one that was there stays")
{
    const folder here;
    put(here.file("old"), "77\n");
    CHECK(in_child([&] {
              std::signal(SIGXFSZ, SIG_IGN);
              const rlimit none{0, 0};
              ::setrlimit(RLIMIT_FSIZE, &none);
              const std::string why = "cannot be written: File too large";
              return fault(here.file("new")) == why && fault(here.file("old")) == why ? 7 : 8;
          }) == 7);
    CHECK_FALSE(fs::exists(here.file("new")));
    CHECK(content(here.file("old")) == "77\n");
}
