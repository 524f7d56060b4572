// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>

#include <vigil/runstate/files/file_access.h>

namespace fs = std::filesystem;
using vigil::runstate::file_access;
using vigil::runstate::file_place;
using vigil::runstate::refusal;

namespace {

// A folder `in` with a file, a folder and links in it, and what is not to be reached beside it.
struct some_files {
    some_files() : top(new_folder()), directory((top / "link" / ".").string())
    {
        fs::create_directories(top / "in" / "folder");
        fs::create_directories(top / "inside");
        std::ofstream(top / "in" / "file") << "x";
        std::ofstream(top / "secret") << "x";
        fs::create_symlink("in", top / "link");
        fs::create_symlink("..", top / "in" / "up");
        fs::create_symlink("folder/..", top / "in" / "here");
        fs::create_symlink("./file", top / "in" / "same");
        fs::create_symlink(top / "in" / "file", top / "in" / "absolute");
        fs::create_symlink("loop", top / "in" / "loop");
        fs::create_symlink("../secret", top / "in" / "stolen");
        fs::create_symlink("folder/new", top / "in" / "nowhere");
        fs::create_symlink("../new", top / "in" / "nowhere-outside");
        files = *file_access::confined_to(directory);
    }
    some_files(const some_files&) = delete;
    some_files& operator=(const some_files&) = delete;
    ~some_files() { fs::remove_all(top); }

    static fs::path new_folder()
    {
        std::string name = (fs::temp_directory_path() / "vigil-test-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        return fs::canonical(name);
    }

    // The path of the file that is found, or why it may not be used.
    std::string answer(const std::string& path) const
    {
        const auto resolved = files.resolve(path);
        if (!resolved) return resolved.why().text;
        const file_place& place = *resolved;
        CHECK(place.shown() == path);
        return (fs::read_symlink("/proc/self/fd/" + std::to_string(place.folder())) / place.name()).string();
    }
    std::string in(const std::string& name) const { return (top / "in" / name).string(); }
    std::string not_inside(const std::string& path) const { return "'" + path + "' is not inside '" + directory + "'"; }
    std::string could_not_use(const std::string& path, const std::string& why) const
    {
        return "Could not use '" + path + "' inside '" + directory + "': " + why;
    }

    fs::path top;
    std::string directory; // as an operator may spell it
    file_access files;
};

} // namespace

TEST_CASE("file access: without a directory every path is as it was given")
{
    const file_access any;
    CHECK_FALSE(any.directory());
    for (const char* path : {"../a/./b", "/etc/passwd"}) {
        const auto place = *any.resolve(path);
        CHECK(place.name() == path);
        CHECK(place.shown() == path);
    }
}

TEST_CASE("file access: the directory must be one")
{
    const some_files f;
    CHECK(f.files.directory() == f.directory);
    const auto refused = [](const std::string& directory) { return file_access::confined_to(directory).why().text; };
    CHECK(refused(f.in("none")) == "Could not use the directory '" + f.in("none") + "': No such file or directory");
    CHECK(refused(f.in("file")) == "Could not use the directory '" + f.in("file") + "': Not a directory");
}

TEST_CASE("file access: what is inside can be named in every way that stays inside")
{
    const some_files f;
    CHECK(f.answer("file") == f.in("file"));
    CHECK(f.answer("new") == f.in("new"));
    CHECK(f.answer("./folder//new") == f.in("folder/new"));
    CHECK(f.answer("folder/../new") == f.in("new"));
    CHECK(f.answer("here/new") == f.in("new"));
    CHECK(f.answer("same") == f.in("file"));
    CHECK(f.answer("nowhere") == f.in("folder/new"));
    CHECK(f.answer(f.in("file")) == f.in("file"));
    CHECK(f.answer((f.top / "in").string() + "/.//folder/./new") == f.in("folder/new"));
    CHECK(f.answer((f.top / "link" / "new").string()) == f.in("new"));
}

TEST_CASE("file access: what is outside is refused in one way, whether it exists or not")
{
    const some_files f;
    for (const char* path : {"../secret", "folder/../../secret", "up/secret", "up/none/at/all", "up/in/file", "stolen",
                             "stolen/x", "nowhere-outside", "absolute", "..", "../inside/file", "/etc/passwd", "/",
                             "../none/at/all", "/none/at/all"}) {
        CHECK(f.answer(path) == f.not_inside(path));
    }
    for (const fs::path& path :
         {f.top / "inside" / "file", f.top / "in", f.top / "link" / ".", f.top / "in" / ".." / "in" / "file"}) {
        CHECK(f.answer(path.string()) == f.not_inside(path.string()));
    }
}

TEST_CASE("file access: what cannot be a file is refused with the reason")
{
    const some_files f;
    CHECK(f.answer("none/file") == f.could_not_use("none/file", "No such file or directory"));
    CHECK(f.answer("file/x/y") == f.could_not_use("file/x/y", "Not a directory"));
    CHECK(f.answer("loop") == f.could_not_use("loop", "Too many levels of symbolic links"));
    for (const char* path : {"folder/", "folder/.", "folder/..", "."}) {
        CHECK(f.answer(path) == f.could_not_use(path, "Is a directory"));
    }
    CHECK(f.answer("") == f.could_not_use("", "No such file or directory"));
    const std::string long_one(5000, '/');
    CHECK(f.answer("a" + long_one) == f.could_not_use("a" + long_one, "File name too long"));
    CHECK(f.answer(std::string("file\0/../../secret", 18)) == "A path cannot contain a NUL character");
    CHECK_FALSE(file_access().resolve(std::string("a\0b", 3)));
}

TEST_CASE("file access: a folder or a file exchanged for a link after the check leads nowhere else")
{
    const some_files f;
    const auto in_folder = *f.files.resolve("folder/secret");
    const auto file = *f.files.resolve("file");
    fs::rename(f.in("folder"), f.in("moved"));
    fs::create_symlink("..", f.in("folder"));
    CHECK_FALSE(in_folder.open(O_RDONLY));
    CHECK(errno == ENOENT);
    CHECK(in_folder.open(O_WRONLY | O_CREAT, 0600));
    CHECK(fs::exists(f.in("moved/secret")));
    fs::remove(f.in("file"));
    fs::create_symlink("../secret", f.in("file"));
    CHECK_FALSE(file.open(O_RDONLY));
    CHECK(errno == ELOOP);
    CHECK(f.answer("folder/secret") == f.not_inside("folder/secret"));
}

TEST_CASE("file access: the directory is the one that was there at the start")
{
    const some_files f;
    fs::rename(f.top / "in", f.top / "elsewhere");
    fs::create_directory(f.top / "in");
    CHECK(f.answer("file") == (f.top / "elsewhere" / "file").string());
}
