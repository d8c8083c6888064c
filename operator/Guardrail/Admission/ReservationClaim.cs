using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Budget;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>The money of an attempt: the most that it can cost, out of what the operator has granted.</summary>
internal sealed class ReservationClaim(GrantClient grants, OverrunList overruns) : ICallClaim
{
    private const string Window = "window";

    /// <inheritdoc/>
    public string Id => "reservation";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public async ValueTask<ClaimResult> TakeAsync(CallContext call)
    {
        var terms = call.Model!;
        GrantResult granted;
        try
        {
            granted = await grants.AcquireAsync(terms.UpperBound, call.Http.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            return ClaimResult.Abandoned;
        }
        var error =
            granted.Refusal == GrantRefusal.None ? null : BudgetErrors.For(granted.Refusal, grants.Account.Budget, terms.UpperBound);
        if (granted.Reservation is not { } reservation)
            return call.IsAbandoned ? ClaimResult.Abandoned : ClaimResult.Refused(error!);
        // Another pod may have seen an overrun, which the answer that brought the money told.
        if (overruns.Why(terms.Prices!.RuleId) is { } why)
        {
            grants.Settle(reservation, Amount.Zero);
            return ClaimResult.Refused(ModelOverrunCheck.Error(terms, why));
        }
        call.Reservation = reservation;
        return error is null ? ClaimResult.Taken : ClaimResult.Observed(Window, error);
    }

    /// <inheritdoc/>
    public void Release(CallContext call)
    {
        if (call.Reservation is { } reservation)
            grants.Settle(reservation, Amount.Zero);
        call.Reservation = null;
    }
}
