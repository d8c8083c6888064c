using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;
using Microsoft.AspNetCore.Http.Features;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// Takes the results of external suites from a service account that the suite lists, for the run that waits for them. The submitter has no
/// right to write EvalRuns: the operator alone writes the verdict.
/// </summary>
internal sealed class SubmissionEndpoint(
    ObjectCache<EvalSuite> suites,
    ObjectCache<EvalRun> runs,
    TokenReviews reviews,
    ReviewGates gates,
    VerdictWriter verdicts,
    RefusalLog refusals,
    TimeProvider time
) : IDisposable
{
    // How long a submission waits for a place.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // At most so many are judged at once, because each file is kept in memory while it is judged.
    private readonly SemaphoreSlim places = new(2);

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        // From here on, so that what is refused before it is read is read to its end and dropped: else the sender does not hear why.
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = SubmissionProtocol.MaxBytes;
        var (status, answer) = await AnswerAsync(context);
        if (status >= 400)
            refusals.Submission(status, context.Connection.RemoteIpAddress?.ToString(), answer["message"]!.GetValue<string>());
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
    }

    /// <inheritdoc/>
    public void Dispose() => places.Dispose();

    private async Task<(int Status, JsonObject Answer)> AnswerAsync(HttpContext context)
    {
        if (
            Named(context, "suite") is not { } suite
            || Named(context, "agent") is not { } agent
            || context.Request.Query["revision"].ToString() is not { Length: > 0 and <= 63 } revision
        )
            return Refusal(400, "the query needs suite and agent, each as namespace/name, and revision");
        var token = context.Request.Headers[SubmissionProtocol.TokenHeader].ToString();
        if (token.Length is 0 or > 16 * 1024 || await CallerAsync(token, context) is not { } caller)
        {
            return Refusal(
                401,
                $"{SubmissionProtocol.TokenHeader} must be a service account's token of audience {SubmissionProtocol.Audience}"
            );
        }
        // A caller who is not listed gets the same answer whether the suite exists or not.
        if (
            suites.Get(suite)?.View.Spec.External is not { } external
            || !external.ServiceAccounts.Any(account =>
                account.Name == caller.Name && (account.Namespace ?? suite.Namespace) == caller.Namespace
            )
        )
        {
            return Refusal(403, $"service account {caller} is not listed in spec.external.serviceAccounts of an EvalSuite {suite}");
        }
        var mine = runs.ByIndex(CacheIndexes.ByAgent, agent.ToString())
            .Select(entry => entry.View)
            .Where(run =>
                run.Metadata.NamespaceProperty == suite.Namespace && run.Spec.Suite == suite.Name && run.Spec.Revision == revision
            )
            .ToList();
        if (mine.FirstOrDefault(run => run is { Spec.Kind: EvalKind.External, Status.Phase: EvalPhase.Running }) is not { } waiting)
        {
            var last = mine.Where(run => run.IsOver).MaxBy(run => run.Status!.FinishedAt);
            return Refusal(
                409,
                last is null
                    ? $"no run of suite {suite} waits for results of agent {agent}, revision {revision}: is that the revision of its "
                        + $"spec, and is the suite in its spec.evals?"
                    : $"EvalRun {last.Metadata.Name} has its verdict, {last.Status!.Phase}, and waits for no results; a decision Retry in "
                        + $"the agent's spec begins another one"
            );
        }
        return await JudgeAsync(context, waiting);
    }

    private async Task<NamespacedName?> CallerAsync(string token, HttpContext context)
    {
        if (TokenClaims.Read(token, SubmissionProtocol.Audience, time.GetUtcNow()) is not { } claims)
            return null;
        var address = context.Connection.RemoteIpAddress;
        using var place = await gates.EnterAsync(claims.Subject, isKnown: false, address, context.RequestAborted);
        if (place is null)
            return null;
        var user = await reviews.ReviewAsync(token, SubmissionProtocol.Audience, context.RequestAborted);
        var caller = user is null ? null : TokenReviews.ServiceAccount(user);
        if (caller is null)
            gates.Refused(claims.Subject, address);
        return caller;
    }

    private async Task<(int Status, JsonObject Answer)> JudgeAsync(HttpContext context, EvalRun run)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, context.RequestAborted);
        try
        {
            await places.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            return Refusal(503, "too many submissions at once: try again");
        }
        try
        {
            using var file = new MemoryStream();
            await context.Request.Body.CopyToAsync(file, context.RequestAborted);
            file.Position = 0;
            var results = ResultsReader.Read(file);
            // The sender of a broken file is told so, and the run goes on waiting for a good one.
            if (results.Problems is [var problem, ..])
                return Refusal(422, $"{problem.Reason}: {problem.Message}");
            var verdict = await verdicts.JudgeAsync(run, results, context.RequestAborted);
            await verdicts.FinishAsync(run, verdict, results, context.RequestAborted);
            return (
                200,
                new JsonObject
                {
                    ["run"] = $"{run.Metadata.NamespaceProperty}/{run.Metadata.Name}",
                    ["verdict"] = verdict.Phase.ToString(),
                    ["reason"] = verdict.Reason,
                    ["message"] = verdict.Message,
                    ["score"] = verdict.Score,
                    ["lower"] = verdict.Lower,
                    ["upper"] = verdict.Upper,
                }
            );
        }
        catch (BadHttpRequestException exception)
        {
            return Refusal(exception.StatusCode, $"the results must have at most {SubmissionProtocol.MaxBytes} bytes: {exception.Message}");
        }
        catch (KubernetesApiException exception) when (exception.IsConflict || exception.IsNotFound)
        {
            return Refusal(409, "the run changed meanwhile: somebody else submitted, or another revision is declared");
        }
        finally
        {
            places.Release();
        }
    }

    private static NamespacedName? Named(HttpContext context, string parameter) =>
        context.Request.Query[parameter].ToString().Split('/') is [{ Length: > 0 and <= 253 } ns, { Length: > 0 and <= 253 } name]
            ? new NamespacedName(ns, name)
            : null;

    private static (int Status, JsonObject Answer) Refusal(int status, string message) =>
        (status, new JsonObject { ["message"] = message });
}
