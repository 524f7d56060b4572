// SPDX-License-Identifier: Apache-2.0
// The shape of the source tree: which folder knows which, what stays free of SystemC, and the rules on files.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch.h>

namespace {

namespace fs = std::filesystem;
using names = std::set<std::string>;

const fs::path k_root = VIGIL_SOURCE_DIR;

/// Which folders a folder may include, besides itself.
const std::map<std::string, names> k_arrows{
    {"runstate", {}},
    {"bus", {"runstate"}},
    {"models", {"bus", "runstate"}},
    {"qmp-bridge", {"bus", "runstate"}},
    {"sim", {"bus", "models", "qmp-bridge", "runstate"}},
};

/// Which rooms of its own folder a room may include, besides itself. What stands in no room is the folder's front: it
/// may include every room, unless it has a row of its own, and is included by those that name it ("").
const std::map<std::string, names> k_room_arrows{
    {"bus", {}},
    {"bus/vfio-user", {""}},
    {"runstate/clock", {}},
    {"runstate/files", {""}},
    {"runstate/snapshot", {"", "clock", "files"}},
    {"qmp-bridge/json", {}},
    {"qmp-bridge/schema", {"json"}},
    {"qmp-bridge/session", {}},
    {"qmp-bridge/host", {"session"}},
    {"qmp-bridge/qmp", {"json", "schema", "session"}},
    {"qmp-bridge/serve", {"host", "session"}},
    {"qmp-bridge/qtest", {"serve", "session"}},
    {"qmp-bridge/client", {"json", "session"}},
    {"qmp-bridge/transcript", {"host", "json", "serve", "session"}},
    {"sim/block", {}},
    {"sim/host", {}},
    {"sim/demo", {}},
    {"sim/machine", {""}},
    {"sim/report", {}},
    {"sim/options", {"", "host", "machine"}},
    {"sim/scenario", {"", "machine", "options", "report"}},
    {"sim/regression", {"", "options", "report", "scenario"}},
};

/// Folders in a room or at the front whose headers are the library's own affair.
constexpr const char* k_private = "detail";

/// The libraries below the bridge, which know neither sockets nor JSON.
const names k_below_the_bridge{"bus", "models", "runstate"};

/// The files that need no SystemC, by room and stem.
const std::regex k_pure{
    "runstate/"
    "(actions|dense_storage|events|facts|inspectable|migration|policy|result|run_control|run_listener|run_state|"
    "wire_names|clock/(host_time|time|timer_queue)|(files|snapshot)/.*)|"
    "bus/vfio-user/(guest_memory|interrupt_lines|message_queue|protocol|vfio_user_(device|session)|detail/.*)|"
    "qmp-bridge/((host/(file_content|host_file|line_output|log_file|option_list))|json/.*|schema/.*|session/.*|"
    "qmp/.*|client/.*|qtest/(qtest_session|detail/qtest_text)|serve/(chardev|pacing|traffic_observer|detail/"
    "http_guard)|"
    "transcript/(transcript|transcript_snapshots))|"
    "sim/report/.*"};

std::string read(const fs::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string in_tree(const fs::path& path) { return path.lexically_relative(k_root).generic_string(); }

bool is_cpp(const fs::path& path) { return path.extension() == ".h" || path.extension() == ".cpp"; }

/// The C++ files of one folder.
std::vector<fs::path> sources(const std::string& folder)
{
    std::vector<fs::path> result;
    for (const auto& entry : fs::recursive_directory_iterator(k_root / folder))
        if (is_cpp(entry.path())) result.push_back(entry.path());
    std::sort(result.begin(), result.end());
    return result;
}

/// What a file includes, with its brackets or quotes.
std::vector<std::string> includes(const fs::path& path)
{
    static const std::regex line{R"(\s*#\s*include\s*([<"][^>"]*[>"]).*)"};
    std::ifstream in(path);
    std::vector<std::string> result;
    std::smatch match;
    for (std::string text; std::getline(in, text);)
        if (std::regex_match(text, match, line)) result.push_back(match[1]);
    return result;
}

/// The file in the tree that `<vigil/FOLDER/...>` names, or nothing for any other header.
fs::path own_file(const std::string& include)
{
    constexpr std::size_t prefix = 7; // "<vigil/"
    if (include.compare(0, prefix, "<vigil/") != 0) return {};
    return k_root / include.substr(prefix, include.size() - prefix - 1);
}

bool is_systemc(const std::string& include)
{
    static const std::regex header{"<(systemc|tlm|tlm_utils/.*|sysc/.*)(\\.h)?>"};
    return std::regex_match(include, header);
}

/// Follows the includes down to one that `is_there` says it is: the way there, or "" where there is none.
template <class Predicate> std::string way_to(Predicate is_there, const fs::path& path, std::set<fs::path>& seen)
{
    if (!seen.insert(path).second) return {};
    for (const auto& include : includes(path)) {
        if (is_there(include)) return in_tree(path) + " -> " + include;
        if (const auto own = own_file(include); !own.empty())
            if (const auto way = way_to(is_there, own, seen); !way.empty()) return in_tree(path) + " -> " + way;
    }
    return {};
}

/// The room of a path within the tree, as "folder/room", or "folder" at the front.
std::string room_of(const std::string& path)
{
    const fs::path parts(path);
    auto part = parts.begin();
    std::string room = *part++;
    if (std::distance(part, parts.end()) > 1 && *part != k_private) room += "/" + part->string();
    return room;
}

bool is_private(const fs::path& path) { return std::find(path.begin(), path.end(), fs::path(k_private)) != path.end(); }

/// The words of a folder's CMakeLists.txt, its sources among them.
names listed_files(const fs::path& folder)
{
    std::istringstream in(std::regex_replace(read(folder / "CMakeLists.txt"), std::regex("[()]"), " "));
    return {std::istream_iterator<std::string>(in), {}};
}

/// The nearest folder upwards of a file that has a CMakeLists.txt: a room that is a library has its own.
fs::path library_of(const fs::path& path)
{
    fs::path folder = path.parent_path();
    while (folder != k_root && !fs::exists(folder / "CMakeLists.txt")) folder = folder.parent_path();
    return folder;
}

/// Every file of the project that carries text of its own (data and generated files do not).
std::vector<fs::path> project_files()
{
    std::vector<fs::path> result{k_root / "CMakeLists.txt"};
    for (const auto* folder : {"bus", "cmake", "models", "qmp-bridge", "runstate", "sim", "tests"})
        for (const auto& entry : fs::recursive_directory_iterator(k_root / folder))
            if (const auto& path = entry.path(); is_cpp(path) || path.extension() == ".cmake" ||
                                                 path.extension() == ".sh" || path.filename() == "CMakeLists.txt")
                result.push_back(path);
    return result;
}

std::string listing(const std::vector<std::string>& lines)
{
    std::ostringstream out;
    for (const auto& line : lines) out << '\n' << line;
    return out.str();
}

} // namespace

// Each case gathers all that is wrong, so that one run shows it whole.
#define REQUIRE_NONE(wrong)                                                                                            \
    do {                                                                                                               \
        INFO(listing(wrong));                                                                                          \
        REQUIRE((wrong).empty());                                                                                      \
    } while (false)

TEST_CASE("folders know only the folders that the design lets them know")
{
    std::vector<std::string> wrong;
    std::size_t arrows = 0;
    for (const auto& [folder, allowed] : k_arrows)
        for (const auto& path : sources(folder))
            for (const auto& include : includes(path)) {
                const auto own = own_file(include);
                if (own.empty()) {
                    if (include[0] == '"') wrong.push_back(in_tree(path) + ": say <vigil/...> for " + include);
                    continue;
                }
                ++arrows;
                const auto to = own.lexically_relative(k_root).begin()->string();
                if (to != folder && allowed.count(to) == 0) wrong.push_back(in_tree(path) + " -> " + include);
            }
    REQUIRE(arrows > 0);
    REQUIRE_NONE(wrong);
}

TEST_CASE("included headers of ours exist")
{
    std::vector<std::string> wrong;
    for (const auto& [folder, allowed] : k_arrows)
        for (const auto& path : sources(folder))
            for (const auto& include : includes(path))
                if (const auto own = own_file(include);
                    !own.empty() && !fs::exists(own) && !fs::exists(own.string() + ".in"))
                    wrong.push_back(in_tree(path) + " -> " + include);
    REQUIRE_NONE(wrong);
}

TEST_CASE("the pure files include no SystemC, nor anything that does")
{
    std::vector<std::string> wrong;
    std::size_t pure = 0;
    for (const auto* folder : {"runstate", "bus", "qmp-bridge"})
        for (const auto& path : sources(folder)) {
            if (!std::regex_match(in_tree(fs::path(path).replace_extension()), k_pure)) continue;
            ++pure;
            std::set<fs::path> seen;
            if (const auto way = way_to(is_systemc, path, seen); !way.empty()) wrong.push_back(way);
        }
    REQUIRE(pure > 0);
    REQUIRE_NONE(wrong);
}

TEST_CASE("below the bridge there are no sockets and no Boost")
{
    static const std::regex host{"<(boost/.*|sys/socket\\.h|sys/un\\.h|netinet/.*|arpa/.*)>"};
    std::vector<std::string> wrong;
    for (const auto& folder : k_below_the_bridge)
        for (const auto& path : sources(folder))
            for (const auto& include : includes(path))
                if (std::regex_match(include, host)) wrong.push_back(in_tree(path) + " -> " + include);
    REQUIRE_NONE(wrong);
}

TEST_CASE("no installed header includes Asio")
{
    std::vector<std::string> wrong;
    for (const auto* folder : {"bus", "models", "qmp-bridge", "runstate"})
        for (const auto& path : sources(folder))
            for (const auto& include : includes(path))
                if (path.extension() == ".h" && !is_private(in_tree(path)) && include.rfind("<boost/asio", 0) == 0)
                    wrong.push_back(in_tree(path) + " -> " + include);
    REQUIRE_NONE(wrong);
}

TEST_CASE("the door of the bridge includes no Boost, nor anything that does")
{
    std::set<fs::path> seen;
    const auto is_boost = [](const std::string& include) { return include.rfind("<boost/", 0) == 0; };
    const fs::path door = k_root / "qmp-bridge" / "qmp_server.h";
    REQUIRE(fs::exists(door));
    CHECK(way_to(is_boost, door, seen) == "");
    CHECK(seen.size() > 1);
}

TEST_CASE("every source stands in its folder's CMakeLists.txt")
{
    std::vector<std::string> wrong;
    for (const auto& [folder, allowed] : k_arrows)
        for (const auto& path : sources(folder)) {
            if (path.extension() != ".cpp") continue;
            const fs::path library = library_of(path);
            if (listed_files(library).count(path.lexically_relative(library).generic_string()) == 0)
                wrong.push_back(in_tree(path));
        }
    REQUIRE_NONE(wrong);
}

TEST_CASE("rooms know only the rooms that the design lets them know")
{
    std::vector<std::string> wrong;
    std::set<std::string> seen;
    for (const auto& [folder, allowed] : k_arrows)
        for (const auto& path : sources(folder)) {
            const std::string from = room_of(in_tree(path));
            seen.insert(from);
            const auto room = k_room_arrows.find(from);
            if (room == k_room_arrows.end()) {
                if (from != folder) wrong.push_back(from + " is a room that nobody knows");
                continue;
            }
            for (const auto& include : includes(path)) {
                const auto own = own_file(include);
                if (own.empty() || own.lexically_relative(k_root).begin()->string() != folder) continue;
                const std::string to = room_of(in_tree(own));
                const std::string name = to == folder ? "" : to.substr(folder.size() + 1);
                if (to != from && room->second.count(name) == 0) wrong.push_back(in_tree(path) + " -> " + include);
            }
        }
    for (const auto& [room, allowed] : k_room_arrows)
        if (seen.count(room) == 0) wrong.push_back(room + " is empty");
    REQUIRE_NONE(wrong);
}

TEST_CASE("private headers are included in their own folder, and by no installed header")
{
    std::vector<std::string> wrong;
    std::size_t found = 0;
    for (const auto& [folder, allowed] : k_arrows)
        for (const auto& path : sources(folder))
            for (const auto& include : includes(path)) {
                const auto own = own_file(include);
                if (own.empty() || !is_private(in_tree(own))) continue;
                ++found;
                const bool elsewhere = own.lexically_relative(k_root).begin()->string() != folder;
                const bool installed = path.extension() == ".h" && !is_private(in_tree(path));
                if (elsewhere || installed) wrong.push_back(in_tree(path) + " -> " + include);
            }
    REQUIRE(found > 0);
    REQUIRE_NONE(wrong);
}

TEST_CASE("the program in the README is the example, to the letter")
{
    const auto text_of = [](const fs::path& path) {
        std::ifstream in(path);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const std::string example = text_of(k_root / "examples" / "qmp_platform.cpp");
    REQUIRE(!example.empty());
    REQUIRE(text_of(k_root / "README.md").find("```cpp\n" + example + "```\n") != std::string::npos);
}

TEST_CASE("no file is named for having no place")
{
    static const std::regex vague{"(common|utils?|misc|helpers?)", std::regex::icase};
    std::vector<std::string> wrong;
    for (const auto& path : project_files())
        for (const auto& part : path.lexically_relative(k_root))
            if (std::regex_match(part.stem().string(), vague)) wrong.push_back(in_tree(path));
    REQUIRE_NONE(wrong);
}

TEST_CASE("no test's name has a semicolon, at which CMake would cut it in two")
{
    static const std::regex cut{R"(TEST_CASE\(\s*"[^"]*;[^"]*")"};
    std::vector<std::string> wrong;
    for (const auto& path : sources("tests")) {
        const std::string text = read(path);
        for (std::sregex_iterator name(text.begin(), text.end(), cut), end; name != end; ++name)
            wrong.push_back(in_tree(path) + ": " + name->str());
    }
    REQUIRE_NONE(wrong);
}

TEST_CASE("every file names its licence in its first line")
{
    std::vector<std::string> wrong;
    for (const auto& path : project_files()) {
        std::ifstream in(path);
        std::string line;
        std::getline(in, line);
        if (line.compare(0, 2, "#!") == 0) std::getline(in, line);
        if (line != "// SPDX-License-Identifier: Apache-2.0" && line != "# SPDX-License-Identifier: Apache-2.0")
            wrong.push_back(in_tree(path));
    }
    REQUIRE_NONE(wrong);
}
