// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/report/detail/xml_text.h>

#include <cstdint>

#include <vigil/qmp-bridge/json/utf8.h>

namespace vigil::sim {

namespace {

constexpr std::uint32_t k_replacement = 0xFFFD;
constexpr std::uint32_t k_control_pictures = 0x2400;

void append_character(std::string& out, std::uint32_t code)
{
    switch (code) {
    case '&': out += "&amp;"; return;
    case '<': out += "&lt;"; return;
    case '>': out += "&gt;"; return;
    case '"': out += "&quot;"; return;
    case '\t': out += "&#9;"; return;
    case '\n': out += "&#10;"; return;
    case '\r': out += "&#13;"; return;
    default: break;
    }
    const bool is_c1 = code >= 0x7F && code < 0xA0;
    qmp_bridge::append_utf8(out, code < ' ' ? k_control_pictures + code : is_c1 ? k_replacement : code);
}

} // namespace

std::string xml_text(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        const auto [code, size] = qmp_bridge::read_utf8(text);
        append_character(out, code.value_or(k_replacement));
        text.remove_prefix(size);
    }
    return out;
}

} // namespace vigil::sim
