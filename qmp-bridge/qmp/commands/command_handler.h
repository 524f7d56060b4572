// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_COMMANDS_COMMAND_HANDLER_H
#define VIGIL_QMP_BRIDGE_QMP_COMMANDS_COMMAND_HANDLER_H

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <vigil/qmp-bridge/qmp/commands/qmp_commands.h>

/// How a handler's C++ types become what a command takes and returns. A handler is called as one of
///
///     result<Returned>(const command_context&)
///     result<Returned>(const command_context&, const Arguments&)
///     result<Returned>(const command_context&, const unchecked_arguments<Arguments>&)
///     void(const command_context&, const Arguments&, answer_later<Returned>)
///
/// the last where it is done later, perhaps after its command has long been left. The types are described ones.
namespace vigil::qmp_bridge {

/// Takes what a handler returns that is done later; to be called once.
template <class T> using answer_later = std::function<void(result<T>)>;

/// Done, or why not.
inline result<empty_object> done_unless(std::optional<refusal> refused)
{
    if (refused) return *std::move(refused);
    return empty_object{};
}

/// What a command answers: the value to return, printed on one line, or why it failed.
using command_outcome = result<std::string>;

namespace detail {

vocabulary words_of(const command_context& c);
std::function<void(command_outcome)> answer_of_session(const command_context& c);

template <class Returned>
std::optional<refusal> print_result(const command_context& c, result<Returned> outcome, std::string& returned)
{
    if (!outcome) return std::move(outcome).why();
    print(returned, *outcome, words_of(c));
    return std::nullopt;
}

} // namespace detail

/// The arguments of a command with the trait `any_arguments`, as they came; introspection shows `Shown`.
template <class Shown> struct unchecked_arguments {
    const json::object& given;
};

/// What follows from the way in which a handler is called: the types, and how to call it with JSON.
template <class Signature> struct handler_shape;

template <class Returned> struct handler_shape<result<Returned>(const command_context&)> {
    using arguments = empty_object;
    using returned = Returned;

    template <class Handler>
    static std::optional<refusal> run(const Handler& handler, const command_context& c, const json::object& /*given*/,
                                      std::string& out)
    {
        return detail::print_result<Returned>(c, handler(c), out);
    }
};

template <class Returned, class Arguments>
struct handler_shape<result<Returned>(const command_context&, const Arguments&)> {
    using arguments = Arguments;
    using returned = Returned;

    template <class Handler>
    static std::optional<refusal> run(const Handler& handler, const command_context& c, const json::object& given,
                                      std::string& out)
    {
        return detail::print_result<Returned>(c, handler(c, read_checked<Arguments>(given)), out);
    }
};

template <class Returned, class Shown>
struct handler_shape<result<Returned>(const command_context&, const unchecked_arguments<Shown>&)> {
    using arguments = Shown;
    using returned = Returned;

    template <class Handler>
    static std::optional<refusal> run(const Handler& handler, const command_context& c, const json::object& given,
                                      std::string& out)
    {
        return detail::print_result<Returned>(c, handler(c, {given}), out);
    }
};

template <class Returned, class Arguments>
struct handler_shape<void(const command_context&, const Arguments&, answer_later<Returned>)> {
    using arguments = Arguments;
    using returned = Returned;

    template <class Handler>
    static std::optional<refusal> run(const Handler& handler, const command_context& c, const json::object& given,
                                      std::string& /*out*/)
    {
        const auto done = [answer = detail::answer_of_session(c),
                           words = detail::words_of(c)](const result<Returned>& outcome) {
            if (!outcome) return answer(outcome.why());
            std::string value;
            print(value, *outcome, words);
            answer(std::move(value));
        };
        handler(c, read_checked<Arguments>(given), done);
        return std::nullopt;
    }
};

namespace detail {

template <class Function> struct signature_of;
template <class Signature> struct signature_of<std::function<Signature>> {
    using type = Signature;
};

/// The shape of a function or of an object with one call operator.
template <class Handler>
using shape_of =
    handler_shape<typename signature_of<decltype(std::function{std::declval<std::decay_t<Handler>>()})>::type>;

} // namespace detail

/// A command that a program adds to those of a monitor (see `qmp_monitor::options::commands`): introspected, checked
/// and executed as they are.
///
///     own_command("x-blink", 0, [&lamp](const command_context&, const blink_arguments& a) -> result<empty_object> {
///         lamp.blink(a.times);
///         return empty_object{};
///     });
class own_command : public command {
public:
    /// `its_name` is a literal, or outlives the command; `its_traits` are of `command_trait`. What `handler` refers to
    /// must outlive the monitor.
    template <class Handler>
    own_command(std::string_view its_name, unsigned its_traits, Handler handler)
        : command{its_name,
                  &k_type<typename detail::shape_of<Handler>::arguments>,
                  &k_type<typename detail::shape_of<Handler>::returned>,
                  its_traits,
                  vocabulary::v2_10,
                  k_newest_vocabulary,
                  &run_own},
          handler_(
              [handler = std::move(handler)](const command_context& c, const json::object& given, std::string& out) {
                  return detail::shape_of<Handler>::run(handler, c, given, out);
              })
    {
    }

private:
    static std::optional<refusal> run_own(const command& self, const command_context& c, const json::object& given,
                                          std::string& out)
    {
        return static_cast<const own_command&>(self).handler_(c, given, out);
    }

    std::function<std::optional<refusal>(const command_context&, const json::object&, std::string&)> handler_;
};

} // namespace vigil::qmp_bridge

#endif
