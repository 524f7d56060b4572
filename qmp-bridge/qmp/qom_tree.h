// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_QOM_TREE_H
#define VIGIL_QMP_BRIDGE_QMP_QOM_TREE_H

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/json/json.h>
#include <vigil/qmp-bridge/qmp/qom_types.h>
#include <vigil/qmp-bridge/schema/qapi_machine_types.h>
#include <vigil/qmp-bridge/schema/qapi_schema.h>
#include <vigil/runstate/inspectable.h>

namespace vigil::qmp_bridge {

/// The machine's objects by path, for QMP's qom commands (QEMU: docs/devel/qom). The containers /objects, /machine,
/// /machine/unattached, /machine/peripheral, /machine/peripheral-anon and /chardevs are there from the beginning.
///
/// A path names an object by the steps to it from the root, or, where it does not begin with '/', by the last of these
/// steps, where only one object has them. A step is an object below the one before, or a link of it. Empty steps do not
/// count; an object whose name contains '/' is reached by no path.
class qom_tree {
public:
    class node;

    /// A property that an object has because of its type, as QEMU's has it.
    struct fact {
        runstate::property shown;
        std::function<const node*()> target = {}; ///< of a link: its object now, or null; empty: it is no link
        std::string fixed = {}; ///< why no client can set it any more, whatever the value; empty: `shown.set` says
    };

    /// An object at its place.
    class node {
    public:
        node(const node* parent, std::string name, std::string its_type)
            : type(std::move(its_type)), parent_(parent), name_(std::move(name))
        {
        }

        /// Puts an object below this one; nothing below it may have its name yet.
        node& add(std::string name, std::string its_type);

        /// Takes the object below of that name away, and all below it; nothing where there is none.
        void remove(std::string_view name) noexcept;

        /// Lists the objects below in the order of these names, and those that are not among them last.
        void arrange(const std::vector<std::string_view>& names);

        /// Adds a link to what `target` returns, which is of the same tree, or null: to nothing.
        void add_link(std::string name, std::string its_type, std::function<const node*()> target);
        /// Adds a link to `target`; null: to nothing.
        void add_link(std::string name, std::string its_type, const node* target);

        /// Takes away all below it but objects of these names, and its own facts.
        void keep(const std::vector<std::string_view>& names) noexcept;

        /// The path from the root.
        std::string path() const;
        const std::string& name() const noexcept { return name_; }
        const std::vector<std::unique_ptr<node>>& children() const noexcept { return children_; }

        /// The object below of that name, or null.
        node* child(std::string_view name) const noexcept;

        std::string type;
        /// Listed before the objects below.
        std::vector<fact> facts;
        /// What a model shows of itself, listed after them, except for what is a fact already. Null: nothing. It must
        /// outlive the tree.
        runstate::inspectable* state = nullptr;

    private:
        const node* parent_;
        std::string name_;
        std::vector<std::unique_ptr<node>> children_;
    };

    /// `machine_type`: the type of /machine.
    explicit qom_tree(std::string machine_type = "machine");

    /// Has `add` called when somebody first asks for an object, or for a place to put one, outside /chardevs: most
    /// simulations end before anybody does. `add` and what it refers to must stay until then.
    void add_when_asked(std::function<void()> add) { add_ = std::move(add); }
    /// Has it called now, where it was not yet. What it had added goes where it throws, and the next time begins anew.
    void complete() const
    {
        if (add_) add_now();
    }

    node& root() { return complete(), *root_; }
    node& objects() { return *root().child("objects"); }
    node& chardevs() noexcept { return *root_->child("chardevs"); }
    node& machine() { return *root().child("machine"); }
    /// Objects of the board that are no one's part.
    node& unattached() { return *machine().child("unattached"); }
    /// Devices with an id.
    node& peripheral() { return *machine().child("peripheral"); }
    /// Devices without one.
    node& peripheral_anon() { return *machine().child("peripheral-anon"); }

    /// Every object, each before those below it.
    std::vector<const node*> nodes() const;

    /// The object that `path` names; or an error of class DeviceNotFound, also where it names several.
    result<const node*> find(std::string_view path) const;

    /// The value of a property now, or the error: no such object, no such property, or why it has no value. That of an
    /// object below, or of a link, is the path to it.
    result<runstate::property_value> get(std::string_view path, std::string_view property) const;

    /// Everything that `get` gets of the object; or the error: no such object, or several.
    result<std::vector<object_property_info>> list(std::string_view path) const;

    /// Sets a property, or says why not: as `get`, or because it cannot be written, or not with this value.
    std::optional<refusal> set(std::string_view path, std::string_view property, const json::value& value) const;

    /// The types that there are.
    qom_types types;

private:
    const node& whole() const { return complete(), *root_; }
    void add_now() const;

    std::unique_ptr<node> root_;
    mutable std::function<void()> add_; ///< empty: all is there
};

} // namespace vigil::qmp_bridge

#endif
