// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/detail/json_text.h>

namespace vigil::bus {
namespace {

constexpr unsigned k_deepest = 32;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_hex_digit(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Goes through a text once; each function returns whether what its name says came next, and then stands behind it.
class json_checker {
public:
    explicit json_checker(std::string_view text) noexcept : rest_(text) {}

    bool object(unsigned depth) noexcept
    {
        return list('{', '}', depth, [this, depth] { return string() && token(':') && value(depth); });
    }
    bool ended() noexcept
    {
        blanks();
        return rest_.empty();
    }

private:
    bool value(unsigned depth) noexcept
    {
        blanks();
        if (rest_.empty()) return false;
        switch (rest_.front()) {
        case '{': return object(depth + 1);
        case '[': return list('[', ']', depth + 1, [this, depth] { return value(depth + 1); });
        case '"': return string();
        case 't': return word("true");
        case 'f': return word("false");
        case 'n': return word("null");
        default: return number();
        }
    }

    template <class Element> bool list(char open, char close, unsigned depth, Element element) noexcept
    {
        if (depth > k_deepest || !token(open)) return false;
        if (token(close)) return true;
        do {
            if (!element()) return false;
        } while (token(','));
        return token(close);
    }

    bool string() noexcept
    {
        if (!token('"')) return false;
        while (!rest_.empty()) {
            const char c = next();
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c == '\\' && !escape()) return false;
        }
        return false;
    }

    bool escape() noexcept
    {
        if (rest_.empty()) return false;
        const char c = next();
        if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
        for (int i = 0; i < 4; ++i) {
            if (rest_.empty() || !is_hex_digit(next())) return false;
        }
        return true;
    }

    bool number() noexcept
    {
        skip('-');
        if (!skip('0') && !digits()) return false;
        if (skip('.') && !digits()) return false;
        if (!skip('e') && !skip('E')) return true;
        if (!skip('+')) skip('-');
        return digits();
    }

    bool digits() noexcept
    {
        bool any = false;
        for (; !rest_.empty() && is_digit(rest_.front()); any = true) next();
        return any;
    }

    bool word(std::string_view which) noexcept
    {
        if (rest_.substr(0, which.size()) != which) return false;
        rest_.remove_prefix(which.size());
        return true;
    }

    bool token(char which) noexcept
    {
        blanks();
        return skip(which);
    }

    bool skip(char which) noexcept
    {
        if (rest_.empty() || rest_.front() != which) return false;
        next();
        return true;
    }

    void blanks() noexcept
    {
        while (skip(' ') || skip('\t') || skip('\n') || skip('\r')) {}
    }

    char next() noexcept
    {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    std::string_view rest_;
};

} // namespace

bool is_json_object(std::string_view text) noexcept
{
    json_checker checker(text);
    return checker.object(1) && checker.ended();
}

} // namespace vigil::bus
