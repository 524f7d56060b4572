// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp/commands/detail/qmp_handlers.h>

#include <vigil/qmp-bridge/qmp/qmp_monitor.h>

namespace vigil::qmp_bridge::handlers {

result<status_info> query_status(const command_context& c)
{
    const runstate::run_state state = c.monitor.control().state();
    return status_info{state, false, state == runstate::run_state::running};
}

result<empty_object> stop(const command_context& c)
{
    c.monitor.control().stop();
    return empty_object{};
}

result<empty_object> cont(const command_context& c) { return done_unless(c.monitor.control().cont()); }

result<empty_object> system_reset(const command_context& c)
{
    c.monitor.control().system_reset();
    return empty_object{};
}

result<empty_object> system_powerdown(const command_context& c)
{
    c.monitor.control().system_powerdown();
    return empty_object{};
}

result<empty_object> system_wakeup(const command_context& c)
{
    if (!c.monitor.settings().machine.wakeup_suspend_support) {
        return refusal{"wake-up from suspend is not supported by this guest"};
    }
    return done_unless(c.monitor.control().system_wakeup());
}

result<empty_object> quit(const command_context& c)
{
    c.monitor.control().quit();
    return empty_object{};
}

result<empty_object> inject_nmi(const command_context& c) { return done_unless(c.monitor.control().inject_nmi()); }

result<empty_object> watchdog_set_action(const command_context& c, const watchdog_set_action_arguments& arguments)
{
    runstate::action_set actions = c.monitor.control().actions();
    actions.watchdog = arguments.action;
    c.monitor.control().set_actions(actions);
    return empty_object{};
}

result<empty_object> set_action(const command_context& c, const set_action_arguments& arguments)
{
    runstate::action_set actions = c.monitor.control().actions();
    actions.reboot = arguments.reboot.value_or(actions.reboot);
    actions.shutdown = arguments.shutdown.value_or(actions.shutdown);
    actions.panic = arguments.panic.value_or(actions.panic);
    actions.watchdog = arguments.watchdog.value_or(actions.watchdog);
    c.monitor.control().set_actions(actions);
    return empty_object{};
}

result<empty_object> exit_preconfig(const command_context& c)
{
    if (!c.monitor.in_preconfig()) {
        return refusal{"The command is permitted only before machine initialization"};
    }
    c.monitor.leave_preconfig();
    return empty_object{};
}

} // namespace vigil::qmp_bridge::handlers
