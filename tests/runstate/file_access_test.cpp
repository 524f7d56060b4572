// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>

#include <vigil/runstate/file_access.h>

namespace fs = std::filesystem;
using vigil::runstate::file_access;
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
        fs::create_symlink(top / "in" / "file", top / "in" / "same");
        fs::create_symlink("../secret", top / "in" / "stolen");
        fs::create_symlink("folder/new", top / "in" / "nowhere");
        fs::create_symlink("../new", top / "in" / "nowhere-outside");
        files = std::get<file_access>(file_access::confined_to(directory));
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

    // What to open, or why not.
    std::string answer(const std::string& path) const
    {
        const auto resolved = files.resolve(path);
        if (const auto* refused = std::get_if<refusal>(&resolved)) return refused->text;
        return std::get<std::string>(resolved);
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
    CHECK(std::get<std::string>(any.resolve("../a/./b")) == "../a/./b");
    CHECK(std::get<std::string>(any.resolve("/etc/passwd")) == "/etc/passwd");
}

TEST_CASE("file access: the directory must be one")
{
    const some_files f;
    CHECK(f.files.directory() == f.directory);
    const auto refused = [](const std::string& directory) {
        return std::get<std::string>(file_access::confined_to(directory));
    };
    CHECK(refused(f.in("none")) == "Could not use the directory '" + f.in("none") + "': No such file or directory");
    CHECK(refused(f.in("file")) == "Could not use the directory '" + f.in("file") + "': Not a directory");
}

TEST_CASE("file access: what is inside can be named in every way, and is answered without links")
{
    const some_files f;
    CHECK(f.answer("file") == f.in("file"));
    CHECK(f.answer("new") == f.in("new"));
    CHECK(f.answer("./folder//new") == f.in("folder/new"));
    CHECK(f.answer("folder/../new") == f.in("new"));
    CHECK(f.answer("up/in/file") == f.in("file"));
    CHECK(f.answer("here/new") == f.in("new"));
    CHECK(f.answer("same") == f.in("file"));
    CHECK(f.answer(f.in("file")) == f.in("file"));
    CHECK(f.answer((f.top / "link" / "new").string()) == f.in("new"));
}

TEST_CASE("file access: what is outside is refused in every way of naming it")
{
    const some_files f;
    for (const char* path : {"../secret", "folder/../../secret", "up/secret", "up/new", "stolen", "..",
                             "../inside/file", "/etc/passwd", "/", "../none/at/all", "/none/at/all"}) {
        CHECK(f.answer(path) == f.not_inside(path));
    }
    CHECK(f.answer((f.top / "inside" / "file").string()) == f.not_inside((f.top / "inside" / "file").string()));
    CHECK(f.answer((f.top / "in").string()) == f.not_inside((f.top / "in").string()));
}

TEST_CASE("file access: what cannot be a file is refused with the reason")
{
    const some_files f;
    CHECK(f.answer("none/file") == f.could_not_use("none/file", "No such file or directory"));
    CHECK(f.answer("file/x/y") == f.could_not_use("file/x/y", "Not a directory"));
    CHECK(f.answer("nowhere") == f.could_not_use("nowhere", "No such file or directory"));
    CHECK(f.answer("nowhere-outside") == f.could_not_use("nowhere-outside", "No such file or directory"));
    CHECK(f.answer("folder/") == f.could_not_use("folder/", "Is a directory"));
    CHECK(f.answer("folder/.") == f.could_not_use("folder/.", "Is a directory"));
    CHECK(f.answer(std::string("file\0/../../secret", 18)) == "A path cannot contain a NUL character");
    CHECK(std::holds_alternative<refusal>(file_access().resolve(std::string("a\0b", 3))));
}
