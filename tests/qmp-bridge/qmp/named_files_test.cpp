// SPDX-License-Identifier: Apache-2.0
#include <catch.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "../fake_machine.h"

using namespace vigil;
using namespace vigil::qmp_bridge;
namespace fs = std::filesystem;

namespace {

// A machine with nothing to save.
struct empty_machine : runstate::movable_machine {
    runstate::snapshot save() const override { return {}; }
    runstate::result<runstate::run_state> restore(const runstate::snapshot&) override
    {
        return runstate::run_state::paused;
    }
    std::uint64_t most_bytes() const override { return 1024; }
};

} // namespace

TEST_CASE("qmp session: commands reach files in the one directory that they are given, and no others")
{
    std::string name = (fs::temp_directory_path() / "vigil-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    fs::create_directory(name + "/in");

    fake_machine source;
    empty_machine nothing;
    runstate::migration migration(source.control, nothing);
    migration.defer = [](const std::function<void()>&) {};
    fake_machine machine(vocabulary::v7_2, [&](qmp_monitor::options& opts) {
        opts.migration = &migration;
        auto files = *runstate::file_access::confined_to(name + "/in");
        opts.locate = [files](const std::string& path) { return files.resolve(path); };
    });
    const auto client = negotiated(machine);
    const auto said = [&](const std::string& command, const std::string& path) {
        return ask(*client, "{\"execute\": \"" + command + "\", \"arguments\": {\"uri\": \"file:" + path + "\"}}\n");
    };
    for (const char* command : {"migrate", "migrate-incoming", "x-snapshot-save", "x-snapshot-load"}) {
        CAPTURE(command);
        const std::string outside = name + "/file";
        for (const std::string& path : {std::string("../file"), outside}) {
            CHECK(said(command, path) ==
                  lines({error_text("GenericError", "'" + path + "' is not inside '" + name + "/in'")}));
        }
    }
    CHECK_FALSE(fs::exists(name + "/file"));
    CHECK(said("x-snapshot-save", "file") == lines({"{\"return\": {}}"}));
    CHECK(fs::exists(name + "/in/file"));
    CHECK(said("x-snapshot-load", name + "/in/file") == lines({"{\"return\": {}}"}));
    fs::remove_all(name);
}
