// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/json.h>

#include <utility>

#include <vigil/qmp-bridge/json/detail/json_assembler.h>
#include <vigil/qmp-bridge/json/detail/json_buffer.h>
#include <vigil/qmp-bridge/json/detail/json_lexer.h>

namespace vigil::qmp_bridge {

namespace {

constexpr std::size_t k_token_cost = 64; ///< bytes of memory that a token makes beside its text, at most

/// The error of a token that is none, shown as a C string would be.
json_error stray_error(std::string_view text)
{
    json_error error{"JSON parse error, stray '"};
    error.text += text.substr(0, text.find('\0'));
    error.text += '\'';
    return error;
}

} // namespace

struct json_reader::impl {
    explicit impl(const json_limits& l) : limits(l), lexer(l.token_bytes) {}

    /// Takes a token in; returns what it completes.
    std::optional<json_item> take(const json_token& token);

    /// Starts a new value, with the byte that follows the last token.
    void start_over();

    std::string_view unread() const { return std::string_view(input).substr(position); }
    void compact();

    /// What the value under way holds.
    std::size_t cost() const noexcept { return token_bytes + tokens * k_token_cost; }

    json_limits limits;
    std::string input;
    std::size_t position = 0; ///< of what is unread in `input`
    json_lexer lexer;
    json_assembler assembler;

    // Of the value under way.
    std::int64_t braces = 0;
    std::int64_t brackets = 0;
    std::size_t tokens = 0;
    std::size_t token_bytes = 0;

    std::size_t fetched = 0; ///< what the last value holds
};

std::optional<json_item> json_reader::impl::take(const json_token& token)
{
    const auto refuse = [this](json_error error) {
        fetched = error.text.size();
        start_over();
        return error;
    };
    switch (token.kind) {
    case token_kind::stray: return refuse(stray_error(token.text));
    case token_kind::oversized: return refuse({"JSON token size limit exceeded"});
    case token_kind::open_brace: ++braces; break;
    case token_kind::close_brace: --braces; break;
    case token_kind::open_bracket: ++brackets; break;
    case token_kind::close_bracket: --brackets; break;
    default: break;
    }

    token_bytes += token.text.size() + 1;
    if (token_bytes > limits.token_bytes) return refuse({"JSON token size limit exceeded"});
    if (++tokens > limits.tokens) return refuse({"JSON token count limit exceeded"});
    if (braces + brackets > static_cast<std::int64_t>(limits.nesting)) {
        return refuse({"JSON nesting depth limit exceeded"});
    }

    assembler.take(token);
    const bool mismatched = braces < 0 || brackets < 0;
    if (!mismatched && (braces > 0 || brackets > 0)) return std::nullopt;
    json_item item = assembler.finish();
    fetched = cost();
    start_over();
    return item;
}

void json_reader::impl::start_over()
{
    assembler.reset();
    braces = 0;
    brackets = 0;
    tokens = 0;
    token_bytes = 0;
}

void json_reader::impl::compact()
{
    if (position == input.size()) {
        empty(input);
        position = 0;
    } else if (position > input.size() / 2) {
        input.erase(0, position);
        position = 0;
    }
}

json_reader::json_reader(json_limits limits) : impl_(std::make_unique<impl>(limits)) {}
json_reader::~json_reader() = default;
json_reader::json_reader(json_reader&&) noexcept = default;
json_reader& json_reader::operator=(json_reader&&) noexcept = default;

void json_reader::feed(std::string_view bytes)
{
    impl_->compact();
    impl_->input.append(bytes);
}

std::optional<json_item> json_reader::next()
{
    std::string_view unread = impl_->unread();
    json_token token;
    while (impl_->lexer.next(unread, token)) {
        if (auto item = impl_->take(token)) {
            impl_->position = impl_->input.size() - unread.size();
            return item;
        }
    }
    impl_->position = impl_->input.size();
    impl_->compact();
    return std::nullopt;
}

std::size_t json_reader::held() const noexcept { return impl_->unread().size() + impl_->lexer.held() + impl_->cost(); }

std::size_t json_reader::fetched() const noexcept { return impl_->fetched; }

void json_reader::reset()
{
    impl_->lexer.reset();
    impl_->start_over();
    impl_->input.clear();
    impl_->position = 0;
    impl_->compact();
}

} // namespace vigil::qmp_bridge
