using System.Net;
using System.Text;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Chaos;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Sends in the pods of an evaluation, and makes the faults of its plan there, where an upstream's real ones come from: so that retries,
/// breaker, timeouts, checks and money see no difference. It is asked only where a plan is in force.
/// </summary>
internal sealed class ChaosSender(RunRegistry runs, RequestBody bodies, ICallObserver observer, TimeProvider time)
{
    // A gateway's own page, under the type of what was asked for.
    private const string Page = "<html><head><title>Service unavailable</title></head><body>Service unavailable</body></html>";

    /// <summary>As <see cref="UpstreamSender.SendAsync"/>, or a fault in its place.</summary>
    public async Task<HttpResponseMessage> SendAsync(CallContext call, UpstreamRequest request, CancellationToken cancellationToken)
    {
        var fault = FaultOf(call);
        if (fault?.Fault is ChaosFaults.RateLimited or ChaosFaults.ServerError or ChaosFaults.ToolError)
        {
            call.IsMadeUp = true;
            Made(call, fault);
            return Instead(call, fault.Fault);
        }
        var answer = await UpstreamSender.SendAsync(request, cancellationToken);
        if (fault is null)
            return answer;
        try
        {
            await ChangeAsync(call, fault, answer, cancellationToken);
            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    /// <summary>The fault that this attempt meets; null: none, or it is of a run that is not to meet any.</summary>
    private ChaosFault? FaultOf(CallContext call)
    {
        if (TargetOf(call) is not { } target)
            return null;
        if (call.Run!.Chaos is { } chaos)
            return chaos.Next(target);
        // Which run it should have been of, and so which fault it should have met, nobody knows.
        if (call.Run.Id.Length == 0)
            runs.Stray();
        return null;
    }

    private static ChaosTarget? TargetOf(CallContext call) =>
        call.Kind == CallKind.Model ? new ChaosTarget(false, call.UpstreamName)
        // A notification has no answer that could be one.
        : call.Tool is { IsCall: true } tool && (tool.Id is not null || call.Upstream!.Format is not McpFormat)
            ? new ChaosTarget(true, tool.Tool)
        : null;

    private async Task ChangeAsync(CallContext call, ChaosFault fault, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var content = answer.Content;
        switch (fault.Fault)
        {
            case ChaosFaults.Slow:
                Made(call, fault);
                await Task.Delay(GoDuration.Parse(fault.Delay!), time, cancellationToken);
                break;
            case ChaosFaults.BrokenStream:
                var length = content.Headers.ContentLength;
                answer.Content = new ChangedContent(content, whole => new BreakingStream(whole, length, time, () => Made(call, fault)));
                break;
            case ChaosFaults.WrongJson when answer.IsSuccessStatusCode:
                Made(call, fault);
                var page = Encoding.UTF8.GetBytes(IsEvents(answer) ? $"data: {Page}\n\n" : Page);
                answer.Content = new ChangedContent(content, Replace, "Content-Length", "Content-Encoding");
                Stream Replace(Stream whole)
                {
                    whole.Dispose();
                    return new MemoryStream(page, writable: false);
                }
                break;
            case ChaosFaults.InjectedText when answer.IsSuccessStatusCode && ContentCoding.Of(content.Headers) is null && IsText(content):
                var reader = new InjectingReader(fault.Text!, call.Upstream!.Format is McpFormat, () => Made(call, fault));
                var terms = new ToolAnswerTap.Terms(IsEvents(answer), IsEvents(answer), Holds: true, Changes: true, null)
                {
                    IsLines = content.Headers.ContentType?.MediaType == "application/x-ndjson",
                };
                answer.Content = new ChangedContent(
                    content,
                    whole => new TappedStream(whole, new ToolAnswerTap(reader, terms, bodies.Memory)),
                    "Content-Length"
                );
                break;
        }
    }

    private void Made(CallContext call, ChaosFault fault)
    {
        call.Run!.Chaos!.Met(fault.Fault, call.Kind == CallKind.Model ? call.UpstreamName : call.Tool!.Tool);
        observer.FaultMade(call, fault.Fault);
    }

    /// <summary>An answer as the upstream could give it: nothing in it says that it did not.</summary>
    private static HttpResponseMessage Instead(CallContext call, string fault)
    {
        var format = call.Upstream!.Format;
        var (status, code, message) = fault switch
        {
            ChaosFaults.RateLimited => (429, "rate_limit_exceeded", "Rate limit reached. Please try again in a moment."),
            ChaosFaults.ToolError => (500, "internal_error", "The tool failed: its backend does not answer."),
            _ => (500, "server_error", "The server had an error while processing the request. Please try again."),
        };
        var error = new ApiError(status, code, message, Retry: true);
        if (fault == ChaosFaults.ToolError && format is McpFormat)
            (error, status) = (error with { RpcId = call.Tool!.Id, IsForModel = true }, 200);
        var content = new ByteArrayContent(error.ToJson(format).ToArray());
        content.Headers.ContentType = new("application/json");
        var answer = new HttpResponseMessage((HttpStatusCode)status) { Content = content };
        if (fault == ChaosFaults.RateLimited)
            answer.Headers.TryAddWithoutValidation("Retry-After", "1");
        return answer;
    }

    // A text behind the bytes of a picture would be no text that a model reads.
    private static bool IsText(HttpContent content) =>
        content.Headers.ContentType?.MediaType is not { } type
        || type.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
        || type.EndsWith("json", StringComparison.OrdinalIgnoreCase)
        || type.EndsWith("xml", StringComparison.OrdinalIgnoreCase);

    private static bool IsEvents(HttpResponseMessage answer) =>
        answer.Content.Headers.ContentType?.MediaType?.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;
}
