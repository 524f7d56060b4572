// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/qom_tree.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace vigil::qmp_bridge {

using runstate::property;
using runstate::property_value;

namespace {

using node = qom_tree::node;
using steps = std::vector<std::string_view>;

constexpr std::array<std::string_view, 3> k_of_machine{"unattached", "peripheral-anon", "peripheral"};

steps steps_of(std::string_view path)
{
    steps all;
    while (!path.empty()) {
        const std::size_t length = std::min(path.find('/'), path.size());
        if (length != 0) all.push_back(path.substr(0, length));
        path.remove_prefix(std::min(length + 1, path.size()));
    }
    return all;
}

// Where the steps lead from `from`; null: nowhere.
const node* walk(const node& from, const steps& all)
{
    const node* here = &from;
    for (const std::string_view step : all) {
        const node* next = here->child(step);
        for (const qom_tree::fact& one : here->facts) {
            if (one.target && one.shown.name == step) next = one.target();
        }
        if (next == nullptr) return nullptr;
        here = next;
    }
    return here;
}

// What a path leads to.
struct destination {
    const node* object = nullptr;
    bool ambiguous = false; ///< it leads to another one, too
};

void search(const node& from, const steps& last, destination& found)
{
    if (const node* here = walk(from, last)) {
        found.ambiguous = found.object != nullptr;
        found.object = here;
    }
    for (const auto& below : from.children()) {
        if (found.ambiguous) return;
        search(*below, last, found);
    }
}

destination resolve(const node& root, std::string_view path)
{
    const steps all = steps_of(path);
    if (!path.empty() && path.front() == '/') return {walk(root, all)};
    destination found;
    search(root, all, found);
    return found;
}

void append_with_those_below(const node& one, std::vector<const node*>& all)
{
    all.push_back(&one);
    for (const auto& below : one.children()) append_with_those_below(*below, all);
}

// A property of an object, wherever it comes from.
struct found_property {
    property shown;
    std::string fixed; ///< as `fact::fixed`
};

std::string as_child(const node& one) { return "child<" + one.type + ">"; }

// The properties of an object, in the order in which they are listed.
std::vector<found_property> properties_of(const node& object)
{
    std::vector<found_property> all{{{"type", "string", {}, [&object] { return object.type; }, {}}, {}}};
    for (const qom_tree::fact& one : object.facts) all.push_back({one.shown, one.fixed});
    for (const auto& below : object.children()) {
        const auto path = [&child = *below] { return child.path(); };
        all.push_back({{below->name(), as_child(*below), {}, path, {}}, {}});
    }
    if (object.state == nullptr) return all;
    for (property& one : object.state->properties()) {
        const auto same = [&](const found_property& other) { return other.shown.name == one.name; };
        if (std::none_of(all.begin(), all.end(), same)) all.push_back({std::move(one), {}});
    }
    return all;
}

// `value` as the kind of value that the property has now.
std::optional<property_value> converted(const property_value& now, const json::value& value)
{
    if (std::holds_alternative<bool>(now) && value.is_bool()) return value.get_bool();
    if (std::holds_alternative<std::string>(now) && value.is_string()) {
        return std::string(as_view(value.get_string()));
    }
    if (std::holds_alternative<std::int64_t>(now) && value.is_int64()) return value.get_int64();
    if (std::holds_alternative<std::uint64_t>(now) && value.is_uint64()) return value.get_uint64();
    if (std::holds_alternative<std::uint64_t>(now) && value.is_int64() && value.get_int64() >= 0) {
        return static_cast<std::uint64_t>(value.get_int64());
    }
    return std::nullopt;
}

// The kind of value that the property has now, as QEMU's visitors name it.
std::string_view expected(const property_value& now)
{
    if (std::holds_alternative<bool>(now)) return "boolean";
    if (std::holds_alternative<std::string>(now)) return "string";
    return "integer";
}

refusal not_found(std::string_view path)
{
    return {"Device '" + std::string(path) + "' not found", error_class::device_not_found};
}

refusal about_property(const node& object, std::string_view name, const char* what)
{
    return refusal{"Property '" + object.type + "." + std::string(name) + "' " + what};
}

// The property `name` of an object, or that it has none.
result<found_property> property_of(const node& object, std::string_view name)
{
    for (found_property& one : properties_of(object)) {
        if (one.shown.name == name) return std::move(one);
    }
    return about_property(object, name, "not found");
}

} // namespace

void node::arrange(const std::vector<std::string_view>& names)
{
    const auto place = [&names](const std::unique_ptr<node>& one) {
        return std::find(names.begin(), names.end(), one->name()) - names.begin();
    };
    std::stable_sort(children_.begin(), children_.end(),
                     [&place](const auto& one, const auto& other) { return place(one) < place(other); });
}

void node::remove(std::string_view name) noexcept
{
    const auto is_it = [name](const std::unique_ptr<node>& one) { return one->name() == name; };
    const auto found = std::find_if(children_.begin(), children_.end(), is_it); // whose own name it may be
    if (found != children_.end()) children_.erase(found);
}

node& node::add(std::string name, std::string its_type)
{
    assert(child(name) == nullptr);
    children_.push_back(std::make_unique<node>(this, std::move(name), std::move(its_type)));
    return *children_.back();
}

void node::keep(const std::vector<std::string_view>& names) noexcept
{
    const auto goes = [&](const std::unique_ptr<node>& one) {
        return std::find(names.begin(), names.end(), one->name()) == names.end();
    };
    children_.erase(std::remove_if(children_.begin(), children_.end(), goes), children_.end());
    facts.clear();
}

void node::add_link(std::string name, std::string its_type, std::function<const node*()> target)
{
    const auto path = [target] {
        const node* object = target();
        return object == nullptr ? std::string() : object->path();
    };
    facts.push_back({{std::move(name), std::move(its_type), {}, path, {}}, std::move(target)});
}

void node::add_link(std::string name, std::string its_type, const node* target)
{
    add_link(std::move(name), std::move(its_type), [target] { return target; });
}

std::string node::path() const
{
    if (parent_ == nullptr) return "/";
    const std::string above = parent_->path();
    return (above == "/" ? "" : above) + "/" + name_;
}

node* node::child(std::string_view name) const noexcept
{
    const auto is_it = [&](const auto& one) { return one->name_ == name; };
    const auto found = std::find_if(children_.begin(), children_.end(), is_it);
    return found == children_.end() ? nullptr : found->get();
}

qom_tree::qom_tree(std::string machine_type) : root_(std::make_unique<node>(nullptr, "", "container"))
{
    root_->add("objects", "container");
    node& machine = root_->add("machine", std::move(machine_type));
    for (const std::string_view name : k_of_machine) machine.add(std::string(name), "container");
    root_->add("chardevs", "container");
}

void qom_tree::add_now() const
{
    const std::vector<std::string_view> of_root{"objects", "machine", "chardevs"};
    const std::vector<std::string_view> of_machine(k_of_machine.begin(), k_of_machine.end());
    std::function<void()> add = std::exchange(add_, nullptr);
    try {
        add();
    } catch (...) {
        root_->keep(of_root);
        root_->child("objects")->keep({});
        node& machine = *root_->child("machine");
        machine.keep(of_machine);
        for (const auto& container : machine.children()) container->keep({});
        add_ = std::move(add);
        throw;
    }
}

std::vector<const node*> qom_tree::nodes() const
{
    std::vector<const node*> all;
    append_with_those_below(whole(), all);
    return all;
}

result<const node*> qom_tree::find(std::string_view path) const
{
    const destination found = resolve(whole(), path);
    if (found.object == nullptr || found.ambiguous) return not_found(path);
    return found.object;
}

result<property_value> qom_tree::get(std::string_view path, std::string_view property) const
{
    auto found = find(path).and_then([&](const node* object) { return property_of(*object, property); });
    if (!found) return std::move(found).why();
    property_value value = found->shown.get();
    if (auto* none = std::get_if<refusal>(&value)) return std::move(*none);
    return value;
}

result<std::vector<object_property_info>> qom_tree::list(std::string_view path) const
{
    const destination found = resolve(whole(), path);
    if (found.ambiguous) return refusal{"Path '" + std::string(path) + "' is ambiguous"};
    if (found.object == nullptr) return not_found(path);
    std::vector<object_property_info> all;
    for (found_property& one : properties_of(*found.object)) {
        all.push_back({std::move(one.shown.name), std::move(one.shown.type)});
    }
    return all;
}

std::optional<refusal> qom_tree::set(std::string_view path, std::string_view property, const json::value& value) const
{
    const auto object = find(path);
    if (!object) return object.why();
    const auto found = property_of(**object, property);
    if (!found) return found.why();
    if (!found->fixed.empty()) return refusal{found->fixed};
    if (!found->shown.set) return about_property(**object, property, "is not writable");
    const property_value now = found->shown.get();
    const auto fitting = converted(now, value);
    if (!fitting) {
        return refusal{"Invalid parameter type for '" + std::string(property) +
                       "', expected: " + std::string(expected(now))};
    }
    return found->shown.set(*fitting);
}

} // namespace vigil::qmp_bridge
