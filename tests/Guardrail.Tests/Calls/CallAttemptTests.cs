using System.Net;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Whatever happens to an attempt, it is booked exactly once.</summary>
public sealed class CallAttemptTests
{
    [Fact]
    public async Task A_fault_of_our_own_is_booked_once_and_logged()
    {
        await using var rig = await Rig.StartAsync(services: services =>
            services.AddSingleton<ICallObserver>(provider => new FaultyObserver(ActivatorUtilities.CreateInstance<CallObserver>(provider)))
        );
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hello"));

        response.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await response.Content.ReadAsStringAsync()).ShouldContain("guardrail_fault");
        rig.Log.All.Count(line => line.Contains("model call failed: ", StringComparison.Ordinal)).ShouldBe(1);
        rig.Log.All.ShouldContain(line => line.Contains($"reason={nameof(InvalidTimeZoneException)}", StringComparison.Ordinal));
        // What had left by then is not known, so the whole reservation counts as spent.
        rig.Log.All.Count(line => line.Contains("model call unproven", StringComparison.Ordinal)).ShouldBe(1);
        var totals = rig.Account.Totals;
        (totals.Reserved, totals.Settled).ShouldBe((Amount.Zero, Amount.Zero));
        totals.Unproven.Cost.ShouldBeGreaterThan(Money.Zero);
        var observer = (FaultyObserver)rig.Guardrail.Services.GetRequiredService<ICallObserver>();
        (observer.Bookings, observer.Reserved).ShouldBe((1, totals.Unproven.Cost));
    }

    /// <summary>Breaks its promise not to throw, in the middle of an attempt.</summary>
    private sealed class FaultyObserver(CallObserver inner) : ICallObserver
    {
        public int Bookings { get; private set; }

        public Money Reserved { get; private set; }

        public void Answered(CallContext call) => throw new InvalidTimeZoneException("a fault");

        public void Booked(CallContext call, CallOutcome outcome, Money spent, Money reserved)
        {
            (Bookings, Reserved) = (Bookings + 1, reserved);
            inner.Booked(call, outcome, spent, reserved);
        }

        public void Refused(CallContext call, CallRefusal refusal) => inner.Refused(call, refusal);

        public void WouldRefuse(CallContext call, string limit) => inner.WouldRefuse(call, limit);

        public void Failed(CallContext call, CallKind kind, string reason) => inner.Failed(call, kind, reason);

        public void Retried(CallContext call, int status, TimeSpan delay) => inner.Retried(call, status, delay);

        public void FellBack(CallContext call) => inner.FellBack(call);

        public void NotFellBack(CallContext call, string to, FallbackReason reason, string why) => inner.NotFellBack(call, to, reason, why);

        public void Overran(CallContext call, OverrunReport report) => inner.Overran(call, report);

        public void Passed(CallContext call, int status) => inner.Passed(call, status);

        public void Effected(CallContext call, EffectEnd end) => inner.Effected(call, end);

        public void ToolFailed(CallContext call, ToolFailure failure, int inRow) => inner.ToolFailed(call, failure, inRow);

        public void Unread(CallContext call, UnreadAnswer why) => inner.Unread(call, why);

        public void ToolChecked(CallContext call, CheckedCall checkedCall) => inner.ToolChecked(call, checkedCall);

        public void ToolChanged(CallContext call, string tool) => inner.ToolChanged(call, tool);

        public void OffPath(CallContext call, string tool) => inner.OffPath(call, tool);

        public void FaultMade(CallContext call, string fault) => inner.FaultMade(call, fault);

        public void InboundFailed(int port, string reason) => inner.InboundFailed(port, reason);

        public void RunEnded(Run run, int status, TimeSpan elapsed) => inner.RunEnded(run, status, elapsed);
    }
}
