// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/json/json.h>

#include <utility>

#include <vigil/qmp-bridge/json/detail/json_assembler.h>
#include <vigil/qmp-bridge/json/detail/json_buffer.h>
#include <vigil/qmp-bridge/json/detail/json_lexer.h>

namespace vigil::qmp_bridge {

namespace {

constexpr std::size_t k_token_cost = 64; ///< bytes of memory that a token makes beside its text, at most
constexpr const char* k_too_large = "JSON token size limit exceeded";

/// The error of a token that is none, shown as a C string would be.
std::string stray_error(std::string_view text)
{
    std::string error = "JSON parse error, stray '";
    error += text.substr(0, text.find('\0'));
    error += '\'';
    return error;
}

} // namespace

struct json_reader::impl {
    impl(const json_limits& l, json_errors e)
        : limits(l), errors(e), lexer(l.token_bytes, e == json_errors::at_once), assembler(e)
    {
    }

    /// Takes a token in; returns what it completes, or what is wrong.
    std::optional<json_item> take(const json_token& token);

    /// Adds a token to the value under way; sets `item` to what is wrong and must be told now.
    void add(const json_token& token, std::optional<json_item>& item);

    /// The error of what begins there, unless the value under way had one.
    std::optional<json_item> refuse(std::string text, const json_position& begin);
    std::optional<json_item> refuse(std::string text);

    /// Ends the value under way, of which no more bytes come.
    std::optional<json_item> finish();

    void count(token_kind kind) noexcept; ///< brackets and braces
    bool open() const noexcept { return braces >= 0 && brackets >= 0 && braces + brackets > 0; }

    /// Starts a new value, with the byte that follows the last token.
    void start_over();

    std::string_view unread() const { return std::string_view(input).substr(position); }
    void compact();

    /// What the value under way holds.
    std::size_t cost() const noexcept { return token_bytes + tokens * k_token_cost; }

    json_limits limits;
    json_errors errors;
    std::string input;
    std::size_t position = 0; ///< of what is unread in `input`
    json_lexer lexer;
    json_assembler assembler;

    // Of the value under way.
    std::int64_t braces = 0;
    std::int64_t brackets = 0;
    std::size_t tokens = 0;
    std::size_t token_bytes = 0;
    bool refused = false; ///< its error was told, and the rest is of no interest

    std::size_t fetched = 0; ///< what the last value holds
};

std::optional<json_item> json_reader::impl::take(const json_token& token)
{
    std::optional<json_item> item;
    if (token.kind == token_kind::stray) {
        item = refuse(stray_error(token.text), token.begin);
    } else if (token.kind == token_kind::oversized) {
        item = refuse(k_too_large);
    } else {
        count(token.kind);
        if (!refused) add(token, item);
        const bool goes_on = errors == json_errors::at_once || !item;
        if (goes_on && open()) {
            refused = refused || item;
            return item;
        }
        if (!refused && !item) {
            item = assembler.finish();
            fetched = cost();
        }
    }
    start_over();
    return item;
}

void json_reader::impl::add(const json_token& token, std::optional<json_item>& item)
{
    token_bytes += token.text.size() + 1;
    ++tokens;
    if (token_bytes > limits.token_bytes) {
        item = refuse(k_too_large);
    } else if (tokens > limits.tokens) {
        item = refuse("JSON token count limit exceeded");
    } else if (braces + brackets > static_cast<std::int64_t>(limits.nesting)) {
        item = refuse("JSON nesting depth limit exceeded");
    } else {
        assembler.take(token);
        if (errors == json_errors::when_balanced || !assembler.failed()) return;
        item = refuse(std::get<json_error>(assembler.finish()).text, token.begin);
    }
}

std::optional<json_item> json_reader::impl::refuse(std::string text, const json_position& begin)
{
    if (errors == json_errors::at_once) {
        text.insert(0, std::to_string(begin.line) + ":" + std::to_string(begin.column) + ": ");
    }
    return refuse(std::move(text));
}

std::optional<json_item> json_reader::impl::refuse(std::string text)
{
    if (refused) return std::nullopt;
    fetched = text.size();
    return json_error{std::move(text)};
}

std::optional<json_item> json_reader::impl::finish()
{
    json_token token;
    if (lexer.finish(token)) {
        if (auto item = take(token)) return item;
    }
    std::optional<json_item> item;
    if (assembler.failed()) {
        item = assembler.finish();
    } else if (tokens > 0) {
        const char* const what = errors == json_errors::at_once ? "premature end of input" : "premature EOI";
        item = refuse(std::string("JSON parse error, ") + what, lexer.position());
    }
    start_over();
    return item;
}

void json_reader::impl::count(token_kind kind) noexcept
{
    switch (kind) {
    case token_kind::open_brace: ++braces; break;
    case token_kind::close_brace: --braces; break;
    case token_kind::open_bracket: ++brackets; break;
    case token_kind::close_bracket: --brackets; break;
    default: break;
    }
}

void json_reader::impl::start_over()
{
    assembler.reset();
    braces = 0;
    brackets = 0;
    tokens = 0;
    token_bytes = 0;
    refused = false;
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

json_reader::json_reader(json_limits limits, json_errors errors) : impl_(std::make_unique<impl>(limits, errors)) {}
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

std::optional<json_item> json_reader::finish() { return impl_->finish(); }

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

json_item parse_json(std::string_view text, json_errors errors)
{
    json_reader reader({}, errors);
    reader.feed(text);
    const auto fetch = [&reader] {
        auto item = reader.next();
        return item ? std::move(item) : reader.finish();
    };
    std::optional<json_item> item = fetch();
    if (!item) return json_error{"Expecting a JSON value"};
    if (std::holds_alternative<json::value>(*item) && fetch()) return json_error{"Expecting at most one JSON value"};
    return *std::move(item);
}

} // namespace vigil::qmp_bridge
