using System.Buffers;
using System.IO.Pipelines;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Inbound;

/// <summary>
/// Looks whether the agent refused as it declares, and answers in its place where too many calls of the run failed in a row. One for each
/// run.
/// </summary>
internal sealed class RefusalTransformer(RefusalSettings settings, Run run, bool observe) : AgentTransformer
{
    /// <summary>The stable code of an answer in the agent's place.</summary>
    public const string Code = "cannot_answer";

    /// <inheritdoc/>
    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext,
        HttpResponseMessage? proxyResponse,
        CancellationToken cancellationToken
    )
    {
        if (proxyResponse is null)
            return await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        var isHead = HttpMethods.IsHead(httpContext.Request.Method);
        run.Outcome = await LookAsync(proxyResponse, isHead, cancellationToken);
        if (run.Outcome is not (RunOutcome.Answered or RunOutcome.Unread) || !Fails(settings, run))
            return await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (observe)
        {
            run.Outcome = RunOutcome.AnsweredAfterFailures;
            return await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        }
        run.Outcome = RunOutcome.CannotAnswer;
        await new ApiError(settings.StatusCode, Code, settings.Message!).WriteAsync(httpContext);
        return false;
    }

    /// <summary>The outcome of a run whose answer has ended.</summary>
    /// <param name="settings">What is declared.</param>
    /// <param name="run">The run.</param>
    /// <param name="status">The status that its client got.</param>
    public static RunOutcome AtEnd(RefusalSettings settings, Run run, int status) =>
        run.Outcome switch
        {
            RunOutcome.Undeclared => status >= 400 ? RunOutcome.Failed : RunOutcome.Unread,
            // The failures came while the answer was on its way.
            RunOutcome.Answered or RunOutcome.Unread when Fails(settings, run) => RunOutcome.AnsweredAfterFailures,
            var known => known,
        };

    private static bool Fails(RefusalSettings settings, Run run) => run.FailuresInRow >= (settings.CannotAnswerAfter ?? int.MaxValue);

    private async Task<RunOutcome> LookAsync(HttpResponseMessage answer, bool isHead, CancellationToken cancellationToken)
    {
        var status = (int)answer.StatusCode;
        if (status == settings.StatusCode)
            return RunOutcome.Refused;
        if (status >= 400)
            return RunOutcome.Failed;
        if (status is < 200 or > 299 or 204 or 205 || isHead)
            return RunOutcome.Answered;
        var headers = answer.Content.Headers;
        var type = headers.ContentType?.MediaType ?? "";
        var isJson =
            type.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
        // Half a document is of no use to anybody, so a client does not miss it. Of a text, each piece may be shown as it comes.
        var mayWait = isJson || headers.ContentLength <= RefusalSettings.LongestAnswer;
        if (!mayWait || headers.ContentEncoding.Any(coding => !coding.Equals("identity", StringComparison.OrdinalIgnoreCase)))
            return RunOutcome.Unread;
        var body = PipeReader.Create(await answer.Content.ReadAsStreamAsync(cancellationToken));
        var read = await body.ReadAtLeastAsync(RefusalSettings.LongestAnswer + 1, cancellationToken);
        var whole = read.Buffer.Length <= RefusalSettings.LongestAnswer ? read.Buffer.ToArray() : null;
        // Nothing is taken out of it: the client gets all.
        body.AdvanceTo(read.Buffer.Start, read.Buffer.Start);
        var content = new StreamContent(body.AsStream());
        foreach (var (name, values) in headers.NonValidated)
            content.Headers.TryAddWithoutValidation(name, values);
        answer.Content = content;
        return whole is null ? RunOutcome.Unread
            : settings.IsRefusal(whole, isJson) ? RunOutcome.Refused
            : RunOutcome.Answered;
    }
}
