using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Telemetry;

/// <summary>
/// The spend log: a line for each model call that was booked and each run that ended, with everything that its cost is told apart by, and
/// the same as OTLP where a collector is configured. No body and no key is in it.
/// </summary>
internal sealed class SpendLog(ConfigStore config, OtlpLog otlp, ILogger<SpendLog> logger)
{
    /// <summary>An attempt of a model call was booked.</summary>
    public void Call(CallContext call, CallOutcome outcome, Money spent, Money reserved, TimeSpan elapsed)
    {
        Write(logger);
        if (otlp.Logger is var collector && collector.IsEnabled(LogLevel.Information))
            Write(collector);
        void Write(ILogger to) =>
            to.ModelCall(
                outcome.Name,
                call.Run!.Id,
                call.UpstreamName,
                call.Model!.Request.Model,
                outcome.Facts?.Id,
                outcome.Status,
                outcome.Facts?.Usage?.Input,
                outcome.Facts?.Usage?.CacheRead,
                outcome.Facts?.Usage?.Output,
                spent.ToString(),
                reserved.ToString(),
                (long)elapsed.TotalMilliseconds,
                call.Model.Prices!.RuleId,
                config.Current.Config.Agent,
                call.Model.Tags
            );
    }

    /// <summary>A run has ended.</summary>
    public void Run(Run run, int status, TimeSpan elapsed)
    {
        var (steps, toolCalls, tokens) = run.Counts;
        Write(logger);
        if (otlp.Logger is var collector && collector.IsEnabled(LogLevel.Information))
            Write(collector);
        void Write(ILogger to) =>
            to.RunEnded(
                run.Id,
                status,
                run.Outcome.Word(),
                run.Cost.ToString(),
                steps,
                toolCalls,
                run.ToolFailures.All,
                tokens,
                (long)elapsed.TotalMilliseconds,
                config.Current.Config.Agent,
                run.Tags
            );
    }
}
