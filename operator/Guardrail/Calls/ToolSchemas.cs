using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Learns what MCP servers publish of their tools, where that is declared, and holds the agent's calls against it. It asks no server
/// itself: a pod that has seen no list knows nothing, and says so.
/// </summary>
internal sealed class ToolSchemas(UpstreamStates states, RequestBody bodies, ICallObserver observer, TimeProvider time)
{
    /// <summary>Says to the agent that a call of a tool does not fit, or that nobody knows: a <see cref="ToolVerdict"/>.</summary>
    public const string Header = "X-Agent-Tool-Check";

    /// <summary>Looks at a call of the agent.</summary>
    public void See(CallContext call)
    {
        if (
            call.Settings.ToolSchemas is not { } settings
            || call.Tool is not { IsCall: true } tool
            || call.Upstream!.Format is not McpFormat
        )
            return;
        var published = states.Of(call.UpstreamName).Published;
        call.HasToolChanged = settings.SeesChanges && published.HasChanged(tool.Tool);
        if (!settings.Checks)
            return;
        var (offset, length) = tool.Arguments.GetOffsetAndLength(call.Body!.Value.Length);
        var check = published.Check(tool.Tool, call.Body.Value.Slice(offset, length), time);
        call.ToolCheck = check;
        observer.ToolChecked(call, new CheckedCall(ToolCaller.Agent, tool.Tool, check));
        Tell(call, check);
    }

    /// <summary>What watches an answer that lists tools; null where that is not looked at.</summary>
    public RelayTap? Tap(CallContext call, HttpResponseMessage answer, bool isStream, bool isEvents)
    {
        if (call.Settings.ToolSchemas is null || call.Tool?.Method != ToolList.Method || !answer.IsSuccessStatusCode)
            return null;
        var coding = ContentCoding.Of(answer.Content.Headers);
        if (coding is not null && !ContentCoding.IsKnown(coding))
        {
            Unread(call, UnreadAnswer.Encoded);
            return null;
        }
        // It waits until it was read: the agent may call a tool as soon as it has the list.
        var terms = new ToolAnswerTap.Terms(isStream, isEvents, Holds: true, Changes: false, coding);
        return new ToolAnswerTap(new Reader(this, call, ToolPage.Cursor(call.Body!.Value)), terms, bodies.Memory);
    }

    /// <summary>Tells the agent of what does not fit, in a header, where none has gone out yet.</summary>
    internal static void Tell(CallContext call, ToolCheck check)
    {
        if (call.Settings.ToolSchemas is not { Marks: true } || check.Verdict == ToolVerdict.Fits || call.Http.Response.HasStarted)
            return;
        // Set at the last moment: what an upstream itself says under this name is not what was found.
        call.Http.Response.OnStarting(() =>
        {
            call.Http.Response.Headers[Header] = check.Verdict.ToString();
            return Task.CompletedTask;
        });
    }

    /// <summary>Whether the server says that a call of the tool may be repeated.</summary>
    public bool MayRepeat(CallContext call, string tool) => states.Of(call.UpstreamName).Tools.MayRepeat(tool);

    /// <summary>Learns which calls a server says may be repeated.</summary>
    /// <param name="call">The call that lists its tools.</param>
    /// <param name="list">The answer.</param>
    public void LearnHints(CallContext call, ReadOnlyMemory<byte> list) => states.Of(call.UpstreamName).Tools.Learn(ToolList.Read(list));

    private void Unread(CallContext call, UnreadAnswer why)
    {
        states.Of(call.UpstreamName).Published.Miss();
        observer.Unread(call, why);
    }

    private void Learn(CallContext call, ReadOnlyMemory<byte> message, string? cursor)
    {
        if (call.Settings.ToolCall.Attempts > 1)
            LearnHints(call, message);
        if (ToolPage.Read(message) is not { } page)
        {
            if (ToolPage.MayBeOne(message))
                Unread(call, UnreadAnswer.NotMessage);
            return;
        }
        foreach (var tool in states.Of(call.UpstreamName).Published.Learn(page, cursor))
        {
            if (call.Settings.ToolSchemas!.SeesChanges)
                observer.ToolChanged(call, tool);
        }
    }

    private sealed class Reader(ToolSchemas schemas, CallContext call, string? cursor) : IAnswerReader
    {
        public IReadOnlyList<Splice> Read(ReadOnlyMemory<byte> text)
        {
            schemas.Learn(call, text, cursor);
            return [];
        }

        // Its tools stay unknown, and calls of them unchecked.
        public void Skip(UnreadAnswer why) => schemas.Unread(call, why);
    }
}
