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
    impl(const json_limits& l, json_errors e, json::storage_ptr storage)
        : limits(l), errors(e), lexer(l.token_bytes, e == json_errors::at_once), assembler(e, std::move(storage))
    {
    }

    /// The next complete value or error in what is unread.
    std::optional<json_item> next()
    {
        std::optional<json_item> item;
        const char* at = input.data() + position;
        const char* const end = input.data() + input.size();
        json_token token;
        while (!item && lexer.next(at, end, token)) take(token, item);
        at = lexer.skip_blanks(at, end); // what follows a request is a line end, as a rule
        position = static_cast<std::size_t>(at - input.data());
        if (at == end) compact();
        return item;
    }

    /// Takes a token in; makes `item` what it completes, or what is wrong.
    void take(const json_token& token, std::optional<json_item>& item)
    {
        if (token.kind >= token_kind::stray) return refuse_as_token(token, item);
        count(token.kind);
        if (!refused) add(token, item);
        if (open && (!item || errors == json_errors::at_once)) {
            if (item) refused = true;
            return;
        }
        if (!refused && !item) {
            assembler.finish(item);
            fetched = cost();
        }
        start_over();
    }

    /// Adds a token to the value under way; makes `item` what is wrong and must be told now.
    void add(const json_token& token, std::optional<json_item>& item)
    {
        token_bytes += token.text.size() + 1;
        ++tokens;
        if (token_bytes > limits.token_bytes || tokens > limits.tokens || nested_too_deeply) {
            return refuse(exceeded_limit(), item);
        }
        assembler.take(token);
        if (errors == json_errors::at_once && assembler.failed()) refuse_as_told(token.begin, item);
    }

    /// Takes note of a bracket or brace.
    void count(token_kind kind) noexcept
    {
        switch (kind) {
        case token_kind::open_brace: ++braces; break;
        case token_kind::close_brace: --braces; break;
        case token_kind::open_bracket: ++brackets; break;
        case token_kind::close_bracket: --brackets; break;
        default: return;
        }
        open = braces >= 0 && brackets >= 0 && braces + brackets > 0;
        nested_too_deeply = braces + brackets > static_cast<std::int64_t>(limits.nesting);
    }

    const char* exceeded_limit() const noexcept; ///< the error of the first one

    /// Refuses what is no token, and starts over.
    void refuse_as_token(const json_token& token, std::optional<json_item>& item);
    /// Refuses what the assembler has refused, at once.
    void refuse_as_told(const json_position& begin, std::optional<json_item>& item);
    /// Makes `item` the error of what begins there, unless the value under way had one.
    void refuse(std::string text, const json_position& begin, std::optional<json_item>& item);
    void refuse(std::string text, std::optional<json_item>& item);

    /// Ends the value under way, of which no more bytes come.
    std::optional<json_item> finish();

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
    bool open = false; ///< some have yet to be closed
    bool nested_too_deeply = false;
    std::size_t tokens = 0;
    std::size_t token_bytes = 0;
    bool refused = false; ///< its error was told, and the rest is of no interest

    std::size_t fetched = 0; ///< what the last value holds
};

const char* json_reader::impl::exceeded_limit() const noexcept
{
    if (token_bytes > limits.token_bytes) return k_too_large;
    if (tokens > limits.tokens) return "JSON token count limit exceeded";
    return "JSON nesting depth limit exceeded";
}

void json_reader::impl::refuse_as_token(const json_token& token, std::optional<json_item>& item)
{
    if (token.kind == token_kind::stray) {
        refuse(stray_error(token.text), token.begin, item);
    } else {
        refuse(k_too_large, item);
    }
    start_over();
}

void json_reader::impl::refuse_as_told(const json_position& begin, std::optional<json_item>& item)
{
    assembler.finish(item);
    assembler.reset();
    refuse(std::move(std::get<json_error>(*item).text), begin, item);
}

void json_reader::impl::refuse(std::string text, const json_position& begin, std::optional<json_item>& item)
{
    if (errors == json_errors::at_once) {
        text.insert(0, std::to_string(begin.line) + ":" + std::to_string(begin.column) + ": ");
    }
    refuse(std::move(text), item);
}

void json_reader::impl::refuse(std::string text, std::optional<json_item>& item)
{
    if (refused) return;
    fetched = text.size();
    item = json_error{std::move(text)};
}

std::optional<json_item> json_reader::impl::finish()
{
    std::optional<json_item> item;
    json_token token;
    if (lexer.finish(token)) {
        take(token, item);
        if (item) return item;
    }
    if (assembler.failed()) {
        assembler.finish(item);
    } else if (tokens > 0) {
        const char* const what = errors == json_errors::at_once ? "premature end of input" : "premature EOI";
        refuse(std::string("JSON parse error, ") + what, lexer.position(), item);
    }
    start_over();
    return item;
}

void json_reader::impl::start_over()
{
    assembler.reset();
    braces = 0;
    brackets = 0;
    open = false;
    nested_too_deeply = false;
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

json_reader::json_reader(json_limits limits, json_errors errors, json::storage_ptr storage)
    : impl_(std::make_unique<impl>(limits, errors, std::move(storage)))
{
}
json_reader::~json_reader() = default;
json_reader::json_reader(json_reader&&) noexcept = default;
json_reader& json_reader::operator=(json_reader&&) noexcept = default;

void json_reader::feed(std::string_view bytes)
{
    impl_->compact();
    impl_->input.append(bytes);
}

std::optional<json_item> json_reader::next() { return impl_->next(); }

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
