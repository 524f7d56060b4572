// SPDX-License-Identifier: Apache-2.0
// What README.md, CONTRIBUTING.md and docs/ say: every code block is run or looked up, every file that is named exists.
//
// The kinds of blocks: `console` is run, and what it prints compared (`...` stands for any text, alone on a line for
// any lines); `cpp` and `cmake` are excerpts of files in the tree; `sh` builds or tests everything, so that only the
// names in it are looked up; `text` is a drawing.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch.h>
#include <program_under_test.h>

namespace {

namespace fs = std::filesystem;
using lines = std::vector<std::string>;

const fs::path k_root = VIGIL_SOURCE_DIR;

struct block {
    std::string page;
    std::string kind;
    lines text;
};

/// One command of a console and what it is shown to print.
struct exchange {
    std::string command;
    lines shown;
};

std::string read(const fs::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

lines lines_of(const std::string& text)
{
    std::istringstream in(text);
    lines result;
    for (std::string line; std::getline(in, line);) result.push_back(line);
    return result;
}

std::string joined(const lines& text)
{
    std::string result;
    for (const auto& line : text) result += line + '\n';
    return result;
}

std::string replaced(std::string text, const std::string& from, const std::string& to)
{
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

std::vector<fs::path> pages()
{
    std::vector<fs::path> result{k_root / "README.md", k_root / "CONTRIBUTING.md"};
    for (const auto& entry : fs::directory_iterator(k_root / "docs"))
        if (entry.path().extension() == ".md") result.push_back(entry.path());
    return result;
}

std::string in_tree(const fs::path& path) { return path.lexically_relative(k_root).generic_string(); }

std::vector<block> blocks(const fs::path& page)
{
    std::vector<block> result;
    bool inside = false;
    for (const auto& line : lines_of(read(page))) {
        if (line.compare(0, 3, "```") == 0) {
            if (!inside) result.push_back({in_tree(page), line.substr(3), {}});
            inside = !inside;
        } else if (inside) {
            result.back().text.push_back(line);
        }
    }
    return result;
}

std::vector<block> blocks_of_kind(const std::set<std::string>& kinds)
{
    std::vector<block> result;
    for (const auto& page : pages())
        for (auto& one : blocks(page))
            if (kinds.count(one.kind) != 0) result.push_back(std::move(one));
    return result;
}

std::string without_indent(const std::string& line)
{
    return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

/// The text without what its lines begin with: an excerpt may stand further to the left than where it comes from.
std::string without_indent(const lines& text)
{
    std::string result = "\n";
    for (const auto& line : text) result += without_indent(line) + '\n';
    return result;
}

/// The sources and build files of the tree, in which excerpts are looked up.
std::vector<std::string> sources()
{
    std::vector<std::string> result;
    for (const auto* folder : {"examples", "runstate", "bus", "models", "qmp-bridge", "sim", "tests"})
        for (const auto& entry : fs::recursive_directory_iterator(k_root / folder)) {
            const auto& path = entry.path();
            if (path.extension() == ".cpp" || path.extension() == ".h" || path.filename() == "CMakeLists.txt")
                result.push_back(without_indent(lines_of(read(path))));
        }
    return result;
}

/// Whether `line` is `shown`, in which `...` stands for any text.
bool matches(const std::string& shown, const std::string& line)
{
    static const std::string any = "...";
    std::size_t at = 0;
    std::size_t from = 0;
    for (auto gap = shown.find(any); gap != std::string::npos; gap = shown.find(any, from)) {
        const auto piece = shown.substr(from, gap - from);
        const auto found = line.find(piece, at);
        if (found == std::string::npos || (from == 0 && found != 0)) return false;
        at = found + piece.size();
        from = gap + any.size();
    }
    if (from == 0) return shown == line;
    const auto rest = shown.substr(from);
    return line.size() >= at + rest.size() && line.compare(line.size() - rest.size(), rest.size(), rest) == 0;
}

/// Whether `printed` is what is `shown`, in which a line `...` stands for any lines before the next that matches.
bool matches(const lines& shown, const lines& printed)
{
    std::size_t at = 0;
    bool gap = false;
    for (const auto& line : shown) {
        if (without_indent(line) == "...") {
            gap = true;
            continue;
        }
        while (gap && at < printed.size() && !matches(line, printed[at])) ++at;
        if (at == printed.size() || !matches(line, printed[at])) return false;
        ++at;
        gap = false;
    }
    return gap || at == printed.size();
}

/// What building comes before in sim/run.sh.
std::string main_job()
{
    const auto script = read(k_root / "sim" / "run.sh");
    const auto from = script.find("# The main job.");
    const auto to = script.find("cat <<EOF", from);
    REQUIRE(from != std::string::npos);
    REQUIRE(to != std::string::npos);
    return "root=. build=build/release socket=/tmp/qmp\n" + script.substr(from, to - from);
}

std::vector<exchange> exchanges(const block& console)
{
    std::vector<exchange> result;
    bool goes_on = false;
    for (const auto& line : console.text) {
        if (line.compare(0, 2, "$ ") == 0) {
            result.push_back({line.substr(2), {}});
        } else if (goes_on) {
            result.back().command += '\n' + line;
        } else {
            REQUIRE(!result.empty());
            result.back().shown.push_back(line);
            continue;
        }
        goes_on = line.back() == '\\';
    }
    for (auto& one : result)
        if (one.command == "sh sim/run.sh") one.command = main_job();
    return result;
}

/// A folder that looks like a tree in which the preset `release` is built; /tmp is in it, too.
void furnish(const fs::path& place)
{
    for (const auto& entry : fs::directory_iterator(k_root))
        if (const auto name = entry.path().filename(); name != "build" && name != ".git")
            fs::create_symlink(entry.path(), place / name);
    fs::create_directories(place / "build");
    fs::create_symlink(VIGIL_BINARY_DIR, place / "build" / "release");
    fs::create_directories(place / "tmp");
    fs::create_directories(place / "printed");
}

/// Runs all commands of one console, and returns the first of which something else comes than is shown.
std::string first_difference(const block& console)
{
    const vigil::tests::workspace work;
    furnish(work.path);
    const std::string own_tmp = (work.path / "tmp").string() + '/';
    const auto talk = exchanges(console);
    std::string script = "cd '" + work.path.string() + "'\n";
    for (std::size_t i = 0; i < talk.size(); ++i)
        script += "{\n" + replaced(talk[i].command, "/tmp/", own_tmp) + "\n} >printed/" + std::to_string(i) + " 2>&1\n";
    std::ofstream(work.path / "commands") << script;
    if (std::system(("sh '" + (work.path / "commands").string() + "'").c_str()) < 0) return "no shell";

    for (std::size_t i = 0; i < talk.size(); ++i) {
        const auto printed = replaced(read(work.path / "printed" / std::to_string(i)), own_tmp, "/tmp/");
        if (!matches(talk[i].shown, lines_of(printed)))
            return console.page + ": " + talk[i].command + "\nis shown to print\n" + joined(talk[i].shown) +
                   "and printed\n" + printed;
    }
    return {};
}

} // namespace

TEST_CASE("every code block of the documents is of a kind that is looked at")
{
    const std::set<std::string> kinds{"console", "cpp", "cmake", "sh", "text"};
    std::size_t found = 0;
    for (const auto& page : pages()) {
        for (const auto& one : blocks(page)) {
            INFO(one.page << ": ```" << one.kind << '\n' << joined(one.text));
            CHECK(kinds.count(one.kind) == 1);
            ++found;
        }
        // A block that is set off by its indent would be overlooked.
        INFO(in_tree(page));
        const auto outside = std::regex_replace(read(page), std::regex("```[^`]*```"), "");
        CHECK(outside.find("\n\n    ") == std::string::npos);
    }
    CHECK(found > 5);
}

TEST_CASE("what the documents quote stands in the tree")
{
    const auto tree = sources();
    for (const auto& one : blocks_of_kind({"cpp", "cmake"})) {
        const auto excerpt = without_indent(one.text);
        INFO(one.page << ":\n" << joined(one.text));
        CHECK(std::any_of(tree.begin(), tree.end(),
                          [&](const auto& file) { return file.find(excerpt) != std::string::npos; }));
    }
}

TEST_CASE("what the documents show on a console is what happens")
{
    for (const auto& one : blocks_of_kind({"console"})) {
        const auto difference = first_difference(one);
        INFO(difference);
        CHECK(difference.empty());
    }
}

TEST_CASE("scripts, presets and options that the documents tell to use exist")
{
    const auto presets = read(k_root / "CMakePresets.json");
    const auto options = read(k_root / "cmake" / "VigilOptions.cmake");
    static const std::regex word{R"(([\w./-]+\.sh)|--preset (\w+)|-D(VIGIL_\w+))"};
    for (const auto& one : blocks_of_kind({"sh"})) {
        const auto text = joined(one.text);
        INFO(one.page << ":\n" << text);
        for (std::sregex_iterator found(text.begin(), text.end(), word), end; found != end; ++found) {
            if ((*found)[1].matched) CHECK(fs::exists(k_root / (*found)[1].str()));
            if ((*found)[2].matched) CHECK(presets.find("\"name\": \"" + (*found)[2].str() + '"') != std::string::npos);
            if ((*found)[3].matched) CHECK(options.find((*found)[3].str()) != std::string::npos);
        }
    }
}

TEST_CASE("files that the documents name exist")
{
    static const std::regex in_code{
        R"(`<?(vigil/)?((runstate|bus|models|qmp-bridge|sim|tests|docs|examples|cmake)/[\w./-]*)>?`)"};
    static const std::regex link{R"(\]\(([\w./-]+)\))"};
    std::size_t found = 0;
    for (const auto& page : pages()) {
        const auto text = read(page);
        for (std::sregex_iterator name(text.begin(), text.end(), in_code), end; name != end; ++name, ++found) {
            INFO(in_tree(page) << ": " << name->str());
            CHECK(fs::exists(k_root / (*name)[2].str()));
        }
        for (std::sregex_iterator name(text.begin(), text.end(), link), end; name != end; ++name, ++found) {
            INFO(in_tree(page) << ": " << name->str());
            CHECK(fs::exists(page.parent_path() / (*name)[1].str()));
        }
    }
    CHECK(found > 20);
}
