// SPDX-License-Identifier: Apache-2.0
// docs/schema-coverage.md: every word of the run-state schema, what reaches it, and the test that shows it. The words
// come from the tables that QMP is spoken from; a word without a row fails, and so does a row without its test.
#include <catch.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/qmp-bridge/schema/qapi_types.h>

using namespace vigil;
using namespace vigil::qmp_bridge;
namespace fs = std::filesystem;

namespace {

struct row {
    std::string item;
    std::string reached; ///< the stimulus; for a state, also how it is left
    std::string test;    ///< as ctest names it
};

const std::string k_panics =
    "program_tests: panic: each panic action with and without -no-shutdown, reported from the main loop";
const std::string k_five =
    "program_tests: panic: five values written to the crash MSRs arrive as unsigned 64-bit integers";
const std::string k_stops = "runstate_tests: run control: a debugger's stop and a platform's stop";
const std::string k_passes = "runstate_tests: migration: a running machine stops, passes finish-migrate and ends in "
                             "postmigrate, and cont goes on";
const std::string k_passes_through =
    "runstate_tests: snapshots: a running machine passes save-vm and goes on, and loading passes "
    "restore-vm";

const std::string k_goes = "sim_tests: hotplug: what was asked back goes with a reset, lowest slot first, and what was "
                           "not stays";

const std::vector<row>& coverage()
{
    static const std::vector<row> rows{
        {"RunState debug", "request_debug_stop() of a platform's debugger; left by cont", k_stops},
        {"RunState inmigrate", "-incoming; left when the machine is complete",
         "program_tests: migration: a machine saved while paused arrives paused, from inmigrate"},
        {"RunState internal-error", "request_stop() of a platform's CPU model; left by system_reset", k_stops},
        {"RunState io-error", "request_stop() of a platform's disk model; left by cont", k_stops},
        {"RunState paused", "stop; left by cont", "conformance 7.2: runstate-stop-cont"},
        {"RunState postmigrate", "migrate; left by cont",
         "program_tests: migration: a machine saved while paused arrives paused, from inmigrate"},
        {"RunState prelaunch", "-S, or system_reset while stopped; left by cont",
         "conformance 7.2: runstate-prelaunch"},
        {"RunState finish-migrate", "migrate; left for postmigrate when the file is written", k_passes},
        {"RunState restore-vm", "x-snapshot-load while running; left when the state is loaded", k_passes_through},
        {"RunState running", "start or cont; left by stop", "conformance 7.2: runstate-stop-cont"},
        {"RunState save-vm", "x-snapshot-save while running; left when the file is written", k_passes_through},
        {"RunState shutdown", "PM1 S5 under -no-shutdown; left by system_reset",
         "conformance 7.2: acpi-shutdown-no-shutdown"},
        {"RunState suspended", "PM1 S3; left by system_wakeup", "conformance 7.2: acpi-suspend-wakeup"},
        {"RunState watchdog", "expiry under watchdog=pause; left by cont", "conformance 7.2: watchdog-action-pause"},
        {"RunState guest-panicked", "a panic under panic=pause; left by cont or system_reset",
         "conformance 7.2: panic-action-pause"},
        {"RunState colo", "set_state() of a platform; left likewise",
         "runstate_tests: colo: entered and left through the controller"},

        {"event SHUTDOWN", "quit, PM1 S5, -no-reboot, a panic", "conformance 7.2: runstate-quit"},
        {"SHUTDOWN.guest", "true for PM1 S5, false for quit", "conformance 7.2: acpi-shutdown"},
        {"SHUTDOWN.reason", "the cause, in the 7.2 vocabulary", "conformance 7.2: acpi-shutdown"},
        {"event POWERDOWN", "system_powerdown, or expiry under watchdog=shutdown",
         "conformance 7.2: watchdog-action-shutdown"},
        {"event RESET", "system_reset, CF9, expiry, x-snapshot-load", "conformance 7.2: guest-reset-port"},
        {"RESET.guest", "true for CF9, false for system_reset", "conformance 7.2: guest-reset-port"},
        {"RESET.reason", "the cause, in the 7.2 vocabulary", "conformance 7.2: runstate-reset-while-paused"},
        {"event STOP", "stop", "conformance 7.2: runstate-stop-cont"},
        {"event RESUME", "cont", "conformance 7.2: runstate-stop-cont"},
        {"event SUSPEND", "PM1 S3", "conformance 7.2: acpi-suspend-wakeup"},
        {"event SUSPEND_DISK", "PM1 S4", "conformance 7.2: acpi-suspend-to-disk"},
        {"event WAKEUP", "system_wakeup", "conformance 7.2: acpi-suspend-wakeup"},
        {"event WATCHDOG", "the end of an i6300esb's stage 2", "conformance 7.2: i6300esb-two-stages-1khz"},
        {"WATCHDOG.action", "the action of the moment", "conformance 7.2: watchdog-set-action"},
        {"event GUEST_PANICKED", "a crash control MSR or pvpanic", "conformance 7.2: panic-action-pause"},
        {"GUEST_PANICKED.action", "by the panic and shutdown actions", k_panics},
        {"GUEST_PANICKED.info", "present from the crash MSRs, absent from pvpanic", k_five},
        {"GuestPanicInformation.type", "hyper-v, from the crash MSRs", k_five},
        {"GuestPanicInformation.arg1", "HV_X64_MSR_CRASH_P0", k_five},
        {"GuestPanicInformation.arg2", "HV_X64_MSR_CRASH_P1", k_five},
        {"GuestPanicInformation.arg3", "HV_X64_MSR_CRASH_P2", k_five},
        {"GuestPanicInformation.arg4", "HV_X64_MSR_CRASH_P3", k_five},
        {"GuestPanicInformation.arg5", "HV_X64_MSR_CRASH_P4", k_five},
        {"event GUEST_CRASHLOADED", "pvpanic bit 1, in the 7.2 vocabulary", "conformance 7.2: panic-action-pause"},
        {"GUEST_CRASHLOADED.action", "run", "conformance 7.2: panic-action-pause"},
        {"GUEST_CRASHLOADED.info", "from a platform's own panic device",
         "runstate_tests: run control: what is known about a panic goes with its event"},
        {"event GUEST_PVSHUTDOWN", "pvpanic bit 2, in the 10.0 vocabulary",
         "qmp_bridge_tests: qmp events: a shutdown that the guest reports is told from 10.0 on, and asked for in any "
         "case"},

        {"event DEVICE_DELETED", "device_del, once the guest ejects the device or the machine is reset", k_goes},
        {"DEVICE_DELETED.device", "the device's id; absent where it has none", k_goes},
        {"DEVICE_DELETED.path", "where its object was", k_goes},

        {"WatchdogAction reset", "expiry", "conformance 7.2: watchdog-action-reset"},
        {"WatchdogAction shutdown", "expiry", "conformance 7.2: watchdog-action-shutdown"},
        {"WatchdogAction poweroff", "expiry", "conformance 7.2: watchdog-action-poweroff"},
        {"WatchdogAction pause", "expiry", "conformance 7.2: watchdog-action-pause"},
        {"WatchdogAction debug", "expiry", "conformance 7.2: watchdog-action-debug"},
        {"WatchdogAction none", "expiry", "conformance 7.2: watchdog-action-none"},
        {"WatchdogAction inject-nmi", "expiry", "conformance 7.2: watchdog-action-inject-nmi"},
        {"GuestPanicAction pause", "a panic under panic=pause", "conformance 7.2: panic-action-pause"},
        {"GuestPanicAction poweroff", "a panic under panic=shutdown", "conformance 7.2: panic-action-shutdown"},
        {"GuestPanicAction run", "a panic under panic=none, in the 7.2 vocabulary",
         "conformance 7.2: panic-action-none"},
        {"PanicAction pause", "-action", "conformance 7.2: panic-action-pause"},
        {"PanicAction shutdown", "-action", "conformance 7.2: panic-action-shutdown"},
        {"PanicAction exit-failure", "-action", "conformance 7.2: panic-action-exit-failure"},
        {"PanicAction none", "-action, in the 7.2 vocabulary", "conformance 7.2: panic-action-none"},

        {"StatusInfo.status", "query-status in each state",
         "qmp_bridge_tests: qmp session: query-status says each state, and running for running alone"},
        {"StatusInfo.singlestep", "query-status",
         "qmp_bridge_tests: qmp session: query-status says each state, and running for running alone"},
        {"StatusInfo.running", "query-status in each state",
         "qmp_bridge_tests: qmp session: query-status says each state, and running for running alone"},
    };
    return rows;
}

// The members of an object, and of the objects in it that have a name.
void add_members(std::vector<std::string>& items, const std::string& owner, const qapi_type& type)
{
    for (const qapi_member& one : type.members) {
        const std::string item = owner + "." + std::string(one.name);
        if (std::find(items.begin(), items.end(), item) != items.end()) continue;
        items.push_back(item);
        if (one.type->kind == qapi_kind::object) add_members(items, std::string(one.type->name), *one.type);
    }
    for (const qapi_branch& one : type.branches) add_members(items, owner, *one.type);
}

template <class Enum> void add_values(std::vector<std::string>& items)
{
    for (const qapi_value& one : k_type<Enum>.values) {
        items.push_back(std::string(k_type<Enum>.name) + " " + std::string(one.name));
    }
}

std::vector<std::string> schema_items()
{
    std::vector<std::string> items;
    add_values<runstate::run_state>(items);
    for (const qapi_event& one : k_events) {
        items.push_back("event " + std::string(one.name));
        add_members(items, std::string(one.name), *one.data);
    }
    add_values<runstate::watchdog_action>(items);
    add_values<runstate::guest_panic_action>(items);
    add_values<runstate::panic_action>(items);
    add_members(items, "StatusInfo", k_type<status_info>);
    return items;
}

std::string page()
{
    std::string text = "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
                       "# Schema coverage\n\n"
                       "Every word of the run-state schema, what reaches it, and the test that shows it. The page is "
                       "written by\n`VIGIL_WRITE_COVERAGE=1 qmp_bridge_tests \"coverage*\"`, which also checks it.\n\n"
                       "| word | reached by | shown by |\n| --- | --- | --- |\n";
    for (const row& one : coverage()) text += "| " + one.item + " | " + one.reached + " | `" + one.test + "` |\n";
    return text;
}

std::string content(const fs::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Adjacent string literals of a source put together, so that long test names are found.
std::string joined(std::string text)
{
    for (std::size_t at = 0; (at = text.find("\"\n", at)) != std::string::npos;) {
        const std::size_t next = text.find_first_not_of(" \n", at + 1);
        if (next == std::string::npos || text[next] != '"') {
            at += 2;
        } else {
            text.erase(at, next + 1 - at);
        }
    }
    return text;
}

bool exists(const std::string& test)
{
    const fs::path tests = fs::path(VIGIL_SOURCE_DIR) / "tests";
    const std::size_t colon = test.find(": ");
    const std::string name = test.substr(colon + 2);
    if (test.compare(0, 11, "conformance") == 0) return fs::exists(tests / "conformance/scenarios" / (name + ".probe"));
    for (const auto& entry : fs::recursive_directory_iterator(tests)) {
        if (entry.path().extension() != ".cpp" || entry.path().filename() == "coverage_test.cpp") continue;
        if (joined(content(entry.path())).find("TEST_CASE(\"" + name + "\")") != std::string::npos) return true;
    }
    return false;
}

} // namespace

TEST_CASE("coverage: every word of the schema has a row, and every row a word")
{
    std::set<std::string> rows;
    for (const row& one : coverage()) {
        INFO(one.item);
        CHECK(rows.insert(one.item).second);
        CHECK_FALSE(one.reached.empty());
    }
    for (const std::string& item : schema_items()) {
        INFO(item << " has no row");
        CHECK(rows.erase(item) == 1);
    }
    for (const std::string& left : rows) FAIL_CHECK(left << " is no word of the schema");
}

TEST_CASE("coverage: every row names a test that exists")
{
    for (const row& one : coverage()) {
        INFO(one.item << ": " << one.test);
        CHECK(exists(one.test));
    }
}

TEST_CASE("coverage: the page says what the table says")
{
    const fs::path path = fs::path(VIGIL_SOURCE_DIR) / "docs/schema-coverage.md";
    if (std::getenv("VIGIL_WRITE_COVERAGE") != nullptr) std::ofstream(path, std::ios::binary) << page();
    INFO("run this test with VIGIL_WRITE_COVERAGE=1 to write the page anew");
    CHECK(content(path) == page());
}
