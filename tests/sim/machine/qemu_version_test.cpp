// SPDX-License-Identifier: Apache-2.0
// Which version of QEMU is stood in for: the switches, the table in the documents, and the options that choose.
#include <vigil/sim/machine/qemu_version.h>

#include <catch.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <vigil/sim/options/options.h>

using namespace vigil;
using qmp_bridge::vocabulary;
using sim::qemu_version;

TEST_CASE("qemu version: 7.2 has every switch off, 11.1 every one on")
{
    const sim::qemu_behaviour oldest = sim::behaviour_of(qemu_version::v7_2);
    const sim::qemu_behaviour newest = sim::behaviour_of(qemu_version::v11_1);
    for (const sim::behaviour_row& row : sim::behaviour_rows()) {
        CAPTURE(row.cause);
        if (row.on == nullptr) continue;
        CHECK_FALSE(oldest.*row.on);
        CHECK(newest.*row.on);
    }
    const sim::qemu_behaviour between = sim::behaviour_of(qemu_version::v10_0);
    CHECK(between.pvpanic_shutdown);
    CHECK_FALSE(between.gcs_follows_strap);
    CHECK_FALSE(between.clock_commands_can_fail); // not asked is as in 7.2
}

TEST_CASE("qemu version: the table of the documents is the table of the program")
{
    std::ifstream page(VIGIL_SOURCE_DIR "/docs/versions.md");
    const std::string text{std::istreambuf_iterator<char>(page), {}};
    INFO(sim::behaviour_table());
    CHECK(text.find(sim::behaviour_table()) != std::string::npos);
}

TEST_CASE("qemu version: sets behaviour and words, and a schema beside it the words alone")
{
    struct row {
        std::vector<std::string> arguments;
        qemu_version version;
        vocabulary words;
        const char* machine;
    };
    const row rows[] = {
        {{}, qemu_version::v7_2, vocabulary::v2_10, "pc-i440fx-7.2"},
        {{"-qemu-version", "7.2"}, qemu_version::v7_2, vocabulary::v7_2, "pc-i440fx-7.2"},
        {{"-qmp-schema", "11.1"}, qemu_version::v7_2, vocabulary::v11_1, "pc-i440fx-7.2"},
        {{"-M", "q35", "-qemu-version", "11.1"}, qemu_version::v11_1, vocabulary::v11_1, "pc-q35-11.1"},
        {{"-qmp-schema", "2.10", "-qemu-version", "10.0"}, qemu_version::v10_0, vocabulary::v2_10, "pc-i440fx-10.0"},
        {{"-qemu-version", "11.1", "-M", "pc-q35-7.2"}, qemu_version::v11_1, vocabulary::v11_1, "pc-q35-7.2"},
    };
    for (const row& one : rows) {
        const auto parsed = sim::parse_options(one.arguments);
        REQUIRE(parsed);
        CHECK(parsed->version == one.version);
        CHECK(parsed->words == one.words);
        CHECK(parsed->machine.name == one.machine);
        CHECK(parsed->machine.behaviour.gcs_follows_strap == (one.version == qemu_version::v11_1));
    }
    CHECK_FALSE(sim::parse_options({"-qemu-version", "11.1", "-M", "pc-i440fx-2.4"}));
    const auto warned = sim::parse_options({"-no-acpi", "-qemu-version", "10.0"});
    REQUIRE(warned);
    CHECK(warned->warnings ==
          std::vector<std::string>{"warning: -no-acpi: QEMU 10.0 has no such option; use -machine acpi=off"});
}

TEST_CASE(
    "qemu version: what later versions have no more is taken with a word, and what they have anew is known to them")
{
    using words = std::vector<std::string>;
    struct row {
        words arguments;
        const char* in_7_2;  ///< the warning or the refusal; empty: none
        const char* in_11_1; ///< likewise
    };
    const row rows[] = {
        {{"-no-hpet"}, "", "-no-hpet: QEMU 11.1 has no such option; use -machine hpet=off"},
        {{"-singlestep"}, "", "use -accel tcg,one-insn-per-tb=on"},
        {{"-async-teardown"}, "", "use -run-with async-teardown=on"},
        {{"-portrait"}, "", "-portrait: QEMU 11.1 has no such option"},
        {{"-rotate", "90"}, "", "-rotate: QEMU 11.1 has no such option"},
        {{"-chardev", "null,id=c", "-mon", "chardev=c,mode=control"},
         "",
         "warning: '-mon' is deprecated, use '-object' with 'monitor-hmp' or 'monitor-qmp' types instead"},
        {{"-chardev", "socket,id=c,path=x,reconnect=1"}, "", "Invalid parameter 'reconnect'"},
        {{"-chardev", "socket,id=c,path=x,reconnect-ms=1"}, "Invalid parameter 'reconnect-ms'", ""},
        {{"-qmp", "unix:x,reconnect=1"}, "", "Invalid parameter 'reconnect'"},
        {{"-qmp", "unix:x,reconnect-ms=1"}, "Invalid parameter 'reconnect-ms'", ""},
        {{"-device", R"({"driver": "ib700", "id": "1x"})"}, "", "Invalid qdev ID '1x'"},
        {{"-overcommit", "mem-lock=on-fault"}, "Parameter 'mem-lock' expects", ""},
        {{"-smp", "2,sockets=0"},
         "Deprecated CPU topology (considered invalid): CPU topology parameters must be greater than zero",
         "Invalid CPU topology: CPU topology parameters must be greater than zero"},
        {{"-run-with", "async-teardown=on"}, "", ""},
        {{"-run-with", "chroot=/"}, "'chroot' is not supported", "'chroot' is not supported"},
        {{"-run-with", "bogus=1"}, "Invalid parameter 'bogus'", "Invalid parameter 'bogus'"},
        {{"-object", "bogus,id=x"},
         "Parameter 'qom-type' does not accept value 'bogus'",
         "Parameter 'qom-type' does not accept value 'bogus'"},
        {{"-object", "iothread,id=x"}, "", ""},
        {{"-chardev", "null,id=c", "-object", "monitor-qmp,id=x,chardev=c,close-action=none"}, "", ""},
        {{"-chardev", "null,id=c", "-object", "monitor-qmp,id=x,chardev=c,close-action=bogus"},
         "Parameter 'close-action' does not accept value 'bogus'",
         "Parameter 'close-action' does not accept value 'bogus'"},
    };
    const auto told_by = [](const words& arguments, const char* version) {
        words all{"-qemu-version", version};
        all.insert(all.begin(), arguments.begin(), arguments.end()); // wherever it stands
        const auto parsed = sim::parse_options(all);
        if (!parsed) return parsed.why().text;
        std::string told;
        for (const std::string& one : parsed->warnings) told += one;
        return told;
    };
    for (const row& one : rows) {
        CAPTURE(one.arguments);
        for (const auto& [version, expected] : {std::pair{"7.2", one.in_7_2}, std::pair{"11.1", one.in_11_1}}) {
            const std::string told = told_by(one.arguments, version);
            CAPTURE(version, told);
            CHECK((*expected == '\0' ? told.empty() : told.find(expected) != std::string::npos));
        }
    }
}
