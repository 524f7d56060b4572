// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SCHEMA_GATHERED_TEXT_H
#define VIGIL_QMP_BRIDGE_SCHEMA_GATHERED_TEXT_H

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace vigil::qmp_bridge {

/// Gathers small pieces of text on their way to a string, each of whose appends costs more than the piece.
class gathered_text {
public:
    explicit gathered_text(std::string& to) noexcept : to_(to) {}
    gathered_text(const gathered_text&) = delete;
    gathered_text& operator=(const gathered_text&) = delete;

    void append(const char* piece, std::size_t size)
    {
        if (size > pieces_.size() - size_) return append_long({piece, size});
        size_ += std::string_view(piece, size).copy(pieces_.data() + size_, size);
    }
    gathered_text& operator+=(std::string_view piece) { return append(piece.data(), piece.size()), *this; }
    gathered_text& operator+=(char c) { return append(&c, 1), *this; }

    /// Hands over what was gathered, as is to be done at the end, too; returns the string.
    std::string& flush()
    {
        to_.append(pieces_.data(), size_);
        size_ = 0;
        return to_;
    }

private:
    void append_long(std::string_view piece) { flush() += piece; }

    std::string& to_;
    std::array<char, 256> pieces_;
    std::size_t size_ = 0; ///< of what was gathered
};

} // namespace vigil::qmp_bridge

#endif
