using System.IO.Hashing;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Telemetry;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Model calls: admitted, reserved for, tried, booked.</summary>
internal sealed class ModelCalls(
    GrantClient grants,
    RunRegistry runs,
    BackgroundCalls background,
    OverrunList overruns,
    RateGate rates,
    GuardrailMetrics metrics,
    SpendLog spendLog,
    TimeProvider time,
    ILogger<ModelCalls> log
)
{
    /// <summary>The largest request body, bytes.</summary>
    public const int LargestBody = 128 * 1024 * 1024;

    /// <summary>From this size on, bytes, a text is worth a change of thread.</summary>
    public const int LongBody = 32 * 1024;

    /// <summary>Answers one model call of the agent.</summary>
    public async Task HandleAsync(
        HttpContext context,
        GuardrailSettings settings,
        Upstream upstream,
        UpstreamEndpoint endpoint,
        bool stopping
    )
    {
        var started = time.GetTimestamp();
        var (body, error) = stopping
            ? (default, new ApiError(503, "guardrail_stopping", "This pod is shutting down.", Retry: true))
            : await RequestBody.ReadAsync(context.Request, LargestBody, context.RequestAborted);
        // Calls share the threads that serve all connections: a long body is read on another one.
        if (body.Length > LongBody)
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var request = error is null ? upstream.Format.Read(endpoint, body.Span, out error) : null;
        var run = runs.Of(context.Request, request?.PreviousId);
        if (request is null)
        {
            await RefuseAsync(context, upstream, run, null, error!);
            return;
        }
        var (plan, refusal) = Plan(context, settings, upstream, endpoint, request, body, run, started);
        if (plan is null)
        {
            await RefuseAsync(context, upstream, run, request.Model, refusal!);
            return;
        }
        await AttemptsAsync(context, plan);
    }

    private (ModelCallPlan? Plan, ApiError? Error) Plan(
        HttpContext context,
        GuardrailSettings settings,
        Upstream upstream,
        UpstreamEndpoint endpoint,
        MeteredRequest request,
        ReadOnlyMemory<byte> body,
        Run run,
        long started
    )
    {
        var provider = upstream.Provider(settings.Prices);
        var prices = settings.Prices.Find(provider, request.Model, time.GetUtcNow());
        if (Check(settings, upstream, request, prices) is { } error)
            return (null, error);
        var wanted =
            request.OutputLimit
            ?? Math.Max(Math.Min(settings.Config.MaxOutputTokens, prices!.MaxOutputTokens ?? long.MaxValue), request.LeastOutput);
        if (prices!.UpperBound(request.Bound(body.Length, wanted)) is null)
            return (null, Unbounded(request, prices));
        var policy = settings.Limits;
        var (cost, tokens) = run.Left(policy);
        var cap = cost is null || policy.CallMaxCost < cost ? policy.CallMaxCost : cost;
        var limit = CallLimits.Fit(request, body.Length, prices, wanted, settings.Config.MinOutputTokens, cap, tokens);
        if (limit is null && !policy.Observe)
            return (null, TooDear(policy, request, prices.UpperBound(request.Bound(body.Length, wanted))!.Value, cost, tokens));
        if (limit is null)
            Observed(upstream, "callMaxCost");
        var plan = new ModelCallPlan
        {
            Settings = settings,
            Upstream = upstream,
            Endpoint = endpoint,
            Request = request,
            Body = body,
            Prices = prices,
            Provider = provider,
            Run = run,
            Tags = Tags.Read(settings.Tags, context.Request.Headers, run.Tags),
            OutputLimit = policy.Observe ? wanted : limit!.Value,
            UpperBound = prices.UpperBound(request.Bound(body.Length, policy.Observe ? wanted : limit!.Value))!.Value,
            Query = QueryStrings.WithoutKey(context.Request.QueryString, upstream.Key is not null),
            StartedAt = started,
        };
        var share = Share(plan);
        if (rates.TryTake(policy, share.Tokens) is { } busy)
        {
            if (!policy.Observe)
            {
                return (
                    null,
                    new ApiError(429, "rate_limited", $"This pod may not make more calls now: {busy.Limit}.", Retry: true)
                    {
                        Limit = busy.Limit,
                        RetryAfter = busy.After,
                    }
                );
            }
            Observed(upstream, busy.Limit);
        }
        if (run.TryStep(policy, share, policy.MaxRepeats > 0 ? XxHash128.HashToUInt128(body.Span) : default) is not { } over)
            return (plan, null);
        if (!policy.Observe)
            return (null, RunErrors.Exceeded(over));
        Observed(upstream, over);
        return (plan, null);
    }

    private async Task AttemptsAsync(HttpContext context, ModelCallPlan plan)
    {
        var share = Share(plan);
        var attempts = plan.Settings.ModelCall.Attempts;
        for (var attempt = 1; ; attempt++)
        {
            if (await ReserveAsync(context, plan, share) is not { } reservation)
            {
                plan.Run.Settle(share, Money.Zero, 0);
                return;
            }
            CallOutcome outcome;
            try
            {
                outcome = await new ModelCall(context, plan, attempt == attempts, time, log).RunAsync();
            }
            catch
            {
                grants.MarkUnproven(reservation, plan.Labels);
                plan.Run.Settle(share, reservation.Amount.Cost, share.Tokens);
                throw;
            }
            runs.Remember(outcome.Facts?.Id, plan.Run);
            if (outcome.PendingId is { } id)
                background.Add(id, plan, context.Request, spent => Book(plan, reservation, share, spent));
            else
                Book(plan, reservation, share, outcome);
            if (outcome.MayRetry && attempt < attempts && !context.Response.HasStarted && plan.Run.TryAgain(plan.Settings.Limits, share))
            {
                var delay = CallRetry.Delay(attempt, outcome.RetryAfter, Random.Shared.NextDouble());
                metrics.Retried(plan.Upstream.Name);
                log.ModelCallRetried(plan.Run.Id, plan.Upstream.Name, attempt, outcome.Status, (long)delay.TotalMilliseconds);
                try
                {
                    await Task.Delay(delay, time, context.RequestAborted);
                    continue;
                }
                catch (OperationCanceledException)
                {
                    plan.Run.Settle(share, Money.Zero, 0);
                    return;
                }
            }
            if (outcome.Error is { } error)
                await error.WriteAsync(context, plan.Upstream.Format);
            return;
        }
    }

    private async Task<Reservation?> ReserveAsync(HttpContext context, ModelCallPlan plan, RunShare share)
    {
        GrantResult granted;
        try
        {
            granted = await grants.AcquireAsync(new Amount(plan.UpperBound, share.Tokens), context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        if (granted.Reservation is { } reservation)
        {
            if (granted.Refusal != GrantRefusal.None)
                Observed(plan.Upstream, "window");
            // Another pod may have seen an overrun, which the answer that brought the money told.
            if (overruns.Why(plan.Prices.RuleId) is not { } why)
                return reservation;
            grants.Settle(reservation, Amount.Zero);
            await RefuseAsync(context, plan.Upstream, plan.Run, plan.Request.Model, Overrun(plan.Request.Model, plan.Prices.RuleId, why));
            return null;
        }
        if (!context.RequestAborted.IsCancellationRequested)
            await RefuseAsync(
                context,
                plan.Upstream,
                plan.Run,
                plan.Request.Model,
                BudgetErrors.For(granted.Refusal, grants.Account.Budget, new Amount(plan.UpperBound, share.Tokens))
            );
        return null;
    }

    private void Book(ModelCallPlan plan, Reservation reservation, RunShare share, CallOutcome outcome)
    {
        var spent = outcome.Cost ?? reservation.Amount.Cost;
        var usage = outcome.Facts?.Usage;
        var tokens =
            outcome.Cost is null ? share.Tokens
            : usage is { } used ? used.Input + used.Output
            : 0;
        // First, so that the report which tells the cost tells it too.
        if (outcome.Overrun is { } why)
        {
            var at = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
            overruns.Add(
                new OverrunReport
                {
                    Rule = plan.Prices.RuleId,
                    Model = plan.Request.Model,
                    Cost = spent,
                    Reserved = reservation.Amount.Cost,
                    Why = why,
                    At = at,
                }
            );
            metrics.Overrun(plan.Prices.RuleId);
            log.Overrun(plan.Request.Model, plan.Prices.RuleId, spent.ToString(), reservation.Amount.Cost.ToString(), why);
        }
        if (outcome.Cost is { } cost)
            grants.Settle(reservation, new Amount(cost, tokens), outcome.IsFree ? null : plan.Labels);
        else
            grants.MarkUnproven(reservation, plan.Labels);
        plan.Run.Settle(share, spent, tokens);
        var elapsed = time.GetElapsedTime(plan.StartedAt);
        metrics.ModelCall(plan.Upstream.Name, plan.Prices.RuleId, outcome.Name, outcome.Status, usage, spent, elapsed);
        if (!outcome.IsFree)
            metrics.Booked(plan.Run, plan.Tags, spent);
        spendLog.Call(plan, outcome, spent, reservation.Amount.Cost, elapsed);
    }

    private ApiError? Check(GuardrailSettings settings, Upstream upstream, MeteredRequest request, PricedModel? prices)
    {
        if (!settings.Allows(request.Model))
            return new ApiError(403, "model_not_allowed", $"The model \"{request.Model}\" is not in guardrails.models.allow.")
            {
                Param = "model",
            };
        if (prices is null)
        {
            return new ApiError(
                400,
                "model_not_priced",
                $"The model \"{request.Model}\" has no price for upstream \"{upstream.Name}\", so its cost cannot be capped. Name a model "
                    + $"of the price catalog, or update the catalog."
            )
            {
                Param = "model",
            };
        }
        if (overruns.Why(prices.RuleId) is { } why)
            return Overrun(request.Model, prices.RuleId, why);
        return upstream.Key is not null && upstream.Key.Read() is null
            ? new ApiError(
                503,
                "provider_key_unavailable",
                $"The key of upstream \"{upstream.Name}\" is missing, empty, or holds characters that no header can carry.",
                Retry: true
            )
            : null;
    }

    private static ApiError Overrun(string model, string rule, string why) =>
        new(
            402,
            "model_overrun",
            $"A call of the model \"{model}\" cost more than its upper bound ({why}); models of price rule {rule} are refused until "
                + $"spec.budget.acknowledgedOverruns names it or, without a budget window, the pod is restarted."
        )
        {
            Param = "model",
        };

    private static ApiError Unbounded(MeteredRequest request, PricedModel prices)
    {
        var why =
            prices.Unbounded
            ?? (
                request.WebSearches > 0 && prices.WebSearch is null
                    ? "a search of the provider has no price"
                    : "some of its input is not text in the body, and the catalog does not know the model's context window"
            );
        return new ApiError(400, "unbounded_cost", $"What this call can cost cannot be bounded: {why}.");
    }

    private static ApiError TooDear(RunPolicy policy, MeteredRequest request, Money bound, Money? runLeft, long? tokensLeft)
    {
        if (policy.CallMaxCost is { } call && bound > call && !(runLeft < call))
        {
            return new ApiError(
                402,
                "call_limit_exceeded",
                $"This call can cost up to {bound} USD, and one call may cost {call}: shorten the "
                    + $"input{(request.NoOutput ? "" : " or name a smaller output limit")}."
            )
            {
                Limit = "perCall.maxCost",
            };
        }
        return runLeft is { } left && bound > left
            ? RunErrors.Exceeded("maxCost", $"{left} USD of the run's budget are left, and this call can cost up to {bound}")
            : RunErrors.Exceeded("maxTokens", $"{tokensLeft} tokens of the run's limit are left, which this call can exceed");
    }

    private void Observed(Upstream upstream, string limit)
    {
        metrics.WouldRefuse(upstream.Name, limit);
        log.WouldRefuse(upstream.Name, limit);
    }

    private async Task RefuseAsync(HttpContext context, Upstream upstream, Run run, string? model, ApiError error)
    {
        metrics.Refused(upstream.Name, error.Code);
        log.ModelCallRefused(run.Id, upstream.Name, model, error.Status, error.Code);
        await error.WriteAsync(context, upstream.Format);
    }

    private static RunShare Share(ModelCallPlan plan) =>
        new(plan.UpperBound, CallLimits.Tokens(plan.Request, plan.Body.Length, plan.Prices, plan.OutputLimit));
}
