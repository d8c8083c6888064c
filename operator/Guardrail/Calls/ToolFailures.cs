using System.Text.Json;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Sees that a tool failed, where that is declared: counts it, tells the model before the result, and counts how many of the run failed in
/// a row. Where the model is told, that is counted before the agent has the answer.
/// </summary>
internal sealed class ToolFailures(RequestBody bodies, ICallObserver observer)
{
    /// <summary>Says to the agent how a plain HTTP tool failed: its body is nobody's to change.</summary>
    public const string Header = "X-Agent-Tool-Failed";

    /// <summary>The method that asks for the result of a call that was made a task of (MCP 2025-11-25).</summary>
    private const string TaskResult = "tasks/result";

    // Statuses that have no body (RFC 9110, 6.4.1) and are a tool's whole answer.
    private static readonly int[] Bodiless = [204, 205];

    /// <summary>What watches an answer; null where nothing is to be seen in it.</summary>
    public RelayTap? Tap(CallContext call, HttpResponseMessage answer, bool isStream, bool isEvents)
    {
        if (call.Settings.ToolFailures is not { } settings)
            return null;
        var status = (int)answer.StatusCode;
        var coding = ContentCoding.Of(answer.Content.Headers);
        var isCall = call.Tool is { IsCall: true };
        if (isCall && status is >= 400 and < 600)
        {
            Failed(call, ToolFailure.HttpStatus);
            if (call.Upstream!.Format is HttpFormat)
                Tell(call, settings, ToolFailure.HttpStatus);
            return null;
        }
        if (call.Upstream!.Format is HttpFormat)
            return isCall ? OfHttp(call, settings, answer, isStream, coding) : null;
        if (status is not (>= 200 and < 300) || !(isCall || call.IsListening || call.Tool?.Method == TaskResult))
            return null;
        var canRead = coding is null || (settings.Marks && ContentCoding.IsKnown(coding));
        if (!canRead)
        {
            Unread(call, UnreadAnswer.Encoded);
            return null;
        }
        var terms = new ToolAnswerTap.Terms(isStream, isEvents, settings.Marks, settings.Marks, coding);
        return new ToolAnswerTap(new McpAnswerReader(this, call, settings), terms, bodies.Memory);
    }

    /// <summary>A call got no whole answer, and is not tried again.</summary>
    public void Unanswered(CallContext call, bool isRunOver)
    {
        if (call.Settings.ToolFailures is null || call.HasToolFailed || call.IsAbandoned || isRunOver)
            return;
        Failed(call, ToolFailure.NoAnswer);
    }

    /// <summary>A plain HTTP tool's answer of before is given again, and says again whether it was a failure.</summary>
    public static void Replayed(CallContext call, int status, ReadOnlyMemory<byte> body)
    {
        if (call.Settings.ToolFailures is not { } settings || call.Upstream!.Format is not HttpFormat)
            return;
        try
        {
            var content = ToolContent.OfBody(Bodiless.Contains(status) ? default : body);
            if (settings.Find(call.Tool!.Tool, content) is { } rule)
                Tell(call, settings, KindOf(rule));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // It was not looked at the first time, either.
        }
    }

    /// <summary>A call of a tool failed.</summary>
    internal void Failed(CallContext call, ToolFailure failure)
    {
        call.HasToolFailed = true;
        observer.ToolFailed(call, failure, call.Run!.ToolFailed());
    }

    /// <summary>An answer was not looked at.</summary>
    internal void Unread(CallContext call, UnreadAnswer why) => observer.Unread(call, why);

    /// <summary>Tells the agent of a plain HTTP tool's failure.</summary>
    internal static void Tell(CallContext call, ToolFailureSettings settings, ToolFailure failure)
    {
        if (!settings.Marks || call.Http.Response.HasStarted)
            return;
        // Set at the last moment: what the tool itself says under this name is not what we found.
        call.Http.Response.OnStarting(() =>
        {
            call.Http.Response.Headers[Header] = failure.ToString();
            return Task.CompletedTask;
        });
    }

    /// <summary>How a rule calls a failure.</summary>
    internal static ToolFailure KindOf(FailureRule rule) => rule.IsEmpty ? ToolFailure.Empty : ToolFailure.Declared;

    private ToolAnswerTap? OfHttp(CallContext call, ToolFailureSettings settings, HttpResponseMessage answer, bool isStream, string? coding)
    {
        var reader = new HttpAnswerReader(this, call, settings);
        var (status, looks) = ((int)answer.StatusCode, settings.Looks(call.Tool!.Tool));
        var hasBody = !HttpMethods.IsHead(call.Http.Request.Method) && status is >= 200 and < 300 && !Bodiless.Contains(status);
        if (looks && hasBody && coding is null)
        {
            var holds = settings.Marks && !isStream;
            var terms = new ToolAnswerTap.Terms(isStream, false, holds, Changes: false, null);
            return new ToolAnswerTap(reader, terms, bodies.Memory);
        }
        if (looks && hasBody)
            Unread(call, UnreadAnswer.Encoded);
        else if (looks && Bodiless.Contains(status))
            reader.Read(default);
        else
            call.SucceedsAtEnd = true;
        return null;
    }
}
