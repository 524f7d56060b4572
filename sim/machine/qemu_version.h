// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_MACHINE_QEMU_VERSION_H
#define VIGIL_SIM_MACHINE_QEMU_VERSION_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <vigil/qmp-bridge/json/json_errors.h>
#include <vigil/qmp-bridge/schema/vocabulary.h>

/// Which version of QEMU is stood in for, and what that changes: a switch for each cause, and nothing else asks for the
/// version.
namespace vigil::sim {

enum class qemu_version : std::uint8_t { v7_2, v10_0, v11_1 };

inline constexpr std::array<std::string_view, 3> k_qemu_versions{"7.2", "10.0", "11.1"};

std::optional<qemu_version> parse_qemu_version(std::string_view text) noexcept;

/// The words that it speaks.
qmp_bridge::vocabulary vocabulary_of(qemu_version version) noexcept;

/// What differs from QEMU 7.2, each false where it does not.
struct qemu_behaviour {
    bool pvpanic_shutdown = false;        ///< N
    bool suspended_can_stop = false;      ///< S
    bool tco_reboots_by_default = false;  ///< T
    bool gcs_follows_strap = false;       ///< G
    bool hardware_interrupt_type = false; ///< E
    bool pm1_control_bytes = false;       ///< B
    bool whole_port_accesses = false;     ///< P
    bool clock_commands_can_fail = false; ///< C
    bool json_errors_at_once = false;     ///< J
    bool smi_timers = false;              ///< M
    bool topology_above_zero = false;     ///< Z
    bool renewed_options = false;         ///< X
    bool renewed_objects = false;         ///< Q
};

/// One cause: what it is in each version, and where it acts.
struct behaviour_row {
    enum class answer : std::uint8_t { as_in_7_2, changed, not_asked };

    char cause;
    std::string_view what;             ///< of the changed behaviour
    std::array<answer, 3> of_versions; ///< in the order of `qemu_version`; what was not asked is as in 7.2
    std::string_view where;            ///< what switches it in a platform of one's own
    bool qemu_behaviour::*on;          ///< null: the vocabulary does
};

constexpr std::size_t k_causes = 15;
const std::array<behaviour_row, k_causes>& behaviour_rows() noexcept;

qemu_behaviour behaviour_of(qemu_version version) noexcept;

qmp_bridge::json_errors json_errors_of(const qemu_behaviour& behaviour) noexcept;

/// The rows as a table in Markdown.
std::string behaviour_table();

} // namespace vigil::sim

#endif
