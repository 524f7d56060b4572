// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/machine/qemu_version.h>

#include <algorithm>

namespace vigil::sim {

namespace {

using answer = behaviour_row::answer;

constexpr std::array k_since_10{answer::as_in_7_2, answer::changed, answer::changed};
constexpr std::array k_since_11{answer::as_in_7_2, answer::as_in_7_2, answer::changed};
constexpr std::array k_known_of_11{answer::as_in_7_2, answer::not_asked, answer::changed};

std::string_view text_of(answer one) noexcept
{
    switch (one) {
    case answer::changed: return "yes";
    case answer::not_asked: return "not asked";
    default: return "no";
    }
}

} // namespace

std::optional<qemu_version> parse_qemu_version(std::string_view text) noexcept
{
    const auto* const found = std::find(k_qemu_versions.begin(), k_qemu_versions.end(), text);
    if (found == k_qemu_versions.end()) return std::nullopt;
    return static_cast<qemu_version>(found - k_qemu_versions.begin());
}

qmp_bridge::vocabulary vocabulary_of(qemu_version version) noexcept
{
    constexpr std::array k_words{qmp_bridge::vocabulary::v7_2, qmp_bridge::vocabulary::v10_0,
                                 qmp_bridge::vocabulary::v11_1};
    return k_words.at(static_cast<std::size_t>(version));
}

const std::array<behaviour_row, k_causes>& behaviour_rows() noexcept
{
    using b = qemu_behaviour;
    static constexpr std::array<behaviour_row, k_causes> k_rows{{
        {'V', "`query-status` has no `singlestep`", k_since_10, "`qmp_server_options::words`", nullptr},
        {'N', "pvpanic reports a shutdown by bit 2 (GUEST_PVSHUTDOWN), and reads say so", k_since_10,
         "`pvpanic_isa_parameters`, `pvpanic_pci_parameters`: `shutdown`, `events`", &b::pvpanic_shutdown},
        {'S', "a machine in S3 can be stopped and goes on in S3, and S3 can be entered while it stands", k_since_10,
         "`run_control::suspended_can_stop`", &b::suspended_can_stop},
        {'T', "from q35 8.0 on the TCO timer may reboot: the default of `ICH9-LPC.noreboot` is off", k_since_10,
         "`ich9_tco_parameters::no_reboot_strap`", &b::tco_reboots_by_default},
        {'G', "after a reset NO_REBOOT in GCS is what the strap says", k_since_11,
         "`ich9_tco_parameters::strap_in_gcs`", &b::gcs_follows_strap},
        {'E', "the interrupt type of the i6300esb has the hardware's encoding", k_since_11,
         "`i6300esb_parameters::hardware_type_bits`", &b::hardware_interrupt_type},
        {'B', "byte accesses reach the right half of PM1 control", k_since_10, "`acpi_pm_parameters::control_bytes`",
         &b::pm1_control_bytes},
        {'O',
         "there is no `-no-acpi`, `-no-hpet`, `-singlestep`, `-async-teardown`, `-portrait` nor `-rotate`; they are "
         "taken all the same, with a warning",
         k_since_10, "the command line", nullptr},
        {'Z', "a number of `-smp` that is 0 is an error, and no warning", k_since_10, "the command line",
         &b::topology_above_zero},
        {'X',
         "`-mon` is warned of, `reconnect-ms` stands for `reconnect`, `-device` in JSON has its id looked at, and "
         "`-overcommit mem-lock` can be `on-fault`",
         k_since_11, "the command line", &b::renewed_options},
        {'Q',
         "objects: other numbers on the board, other properties of PCI devices, `/backend`, `/audiodevs`, and the "
         "monitors in `/objects`",
         k_known_of_11, "`qmp_server::objects()`", &b::renewed_objects},
        {'P', "a port access by qtest goes whole to the region of its first byte", k_since_11,
         "`qmp_server::qtest_options`", &b::whole_port_accesses},
        {'C', "qtest's clock commands fail where they do not move the clock", k_known_of_11,
         "`qmp_server::qtest_options`", &b::clock_commands_can_fail},
        {'J', "parse errors of JSON come at the wrong token, with its line and column", k_since_11,
         "`qmp_server_options::errors`", &b::json_errors_at_once},
        {'M', "from q35 9.2 on SMI_STS is a register, and SMI timers run", k_since_10, "`ich9_smi_parameters`",
         &b::smi_timers},
    }};
    return k_rows;
}

qemu_behaviour behaviour_of(qemu_version version) noexcept
{
    qemu_behaviour result;
    for (const behaviour_row& row : behaviour_rows()) {
        const bool changed = row.of_versions.at(static_cast<std::size_t>(version)) == answer::changed;
        if (row.on != nullptr) result.*row.on = changed;
    }
    return result;
}

qmp_bridge::json_errors json_errors_of(const qemu_behaviour& behaviour) noexcept
{
    using qmp_bridge::json_errors;
    return behaviour.json_errors_at_once ? json_errors::at_once : json_errors::when_balanced;
}

std::string behaviour_table()
{
    std::string text = "| | since 7.2 changed |";
    for (const std::string_view version : k_qemu_versions) text += " " + std::string(version) + " |";
    text += " in a platform |\n| --- | --- | --- | --- | --- | --- |\n";
    for (const behaviour_row& row : behaviour_rows()) {
        text += "| " + std::string(1, row.cause) + " | " + std::string(row.what) + " |";
        for (const answer one : row.of_versions) text += " " + std::string(text_of(one)) + " |";
        text += " " + std::string(row.where) + " |\n";
    }
    return text;
}

} // namespace vigil::sim
