// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SCHEMA_QAPI_FIRMWARE_TYPES_H
#define VIGIL_QMP_BRIDGE_SCHEMA_QAPI_FIRMWARE_TYPES_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include <vigil/qmp-bridge/schema/qapi_schema.h>

/// What a client can ask about the machine's firmware.
namespace vigil::qmp_bridge {

/// Arguments of query-firmware-log.
struct firmware_log_arguments {
    std::optional<std::uint64_t> max_size; ///< bytes
};

/// query-firmware-log.
struct firmware_log {
    std::optional<std::string> version;
    std::string log; ///< base64
};

template <> struct described<firmware_log_arguments> {
    static constexpr std::string_view name{};
    static constexpr std::tuple members{member{"max-size", &firmware_log_arguments::max_size}};
};
template <> struct described<firmware_log> {
    static constexpr std::string_view name = "FirmwareLog";
    static constexpr std::tuple members{member{"version", &firmware_log::version}, member{"log", &firmware_log::log}};
};

} // namespace vigil::qmp_bridge

#endif
