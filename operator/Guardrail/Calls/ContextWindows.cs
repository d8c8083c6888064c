using System.Collections.Concurrent;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Holds model requests against the window of their model, where that is declared. As long as a request has no more bytes than the window
/// has room for tokens, it fits and nobody counts. Beyond, its tokens are estimated, and the estimate is set right by what the provider
/// said of earlier calls: its own count is that of the model's own vocabulary.
/// </summary>
internal sealed class ContextWindows(IContextObserver observer)
{
    /// <summary>Says to the agent that its request does not fit: a word of <see cref="ContextFinding.Word"/>.</summary>
    public const string Header = "X-Agent-Context";

    // How far a provider's count may be from the estimate before something else must be in it.
    private const double MostRatio = 4;

    // How much the newest count says against those before it.
    private const double Newest = 0.25;

    private readonly ConcurrentDictionary<string, double> ratios = new(StringComparer.Ordinal);

    /// <summary>Looks at a request; its terms and its run are known.</summary>
    public void See(CallContext call)
    {
        if (call.Settings.Context is not { } settings || call.Model is not { Request.NoOutput: false } terms)
            return;
        var body = call.Body!.Value.Span;
        var isLost = call.Run!.Id.Length > 0 && call.Run.SystemPrompts.IsLost(Conversation.Read(body));
        var room = terms.Prices?.ContextWindow is { } window ? settings.RoomOf(window) : (long?)null;
        var (tokens, counted, uncounted) = Count(call, body, room);
        call.Context = new ContextFinding(Judge(terms, room, tokens, uncounted), tokens, counted, room, isLost);
        if (call.Context.Word is { } word)
        {
            // Set at the last moment: what an upstream itself says under this name is not what was found.
            call.Http.Response.OnStarting(() =>
            {
                call.Http.Response.Headers[Header] = word;
                return Task.CompletedTask;
            });
        }
        observer.Looked(call, call.Context);
    }

    /// <summary>A call was booked: what the provider counted is learned from.</summary>
    public void Booked(CallContext call, CallOutcome outcome)
    {
        if (call.Context is not { } found || outcome is not { Cost: not null, Facts.Usage: { Input: > 0 } usage })
            return;
        var terms = call.Model!;
        if (terms.Prices!.ContextWindow is { } window)
            observer.Used(call, (double)usage.Input / window);
        // What was stored or is no text is in the provider's count and not in ours.
        if (found.Counted is not (> 0 and var counted) || terms.Request.MediaInput || terms.Request.StoredInput)
            return;
        var ratio = Math.Clamp(usage.Input / counted, 1 / MostRatio, MostRatio);
        ratios.AddOrUpdate(terms.Prices.RuleId, ratio, (_, before) => before + ((ratio - before) * Newest));
    }

    private (long? Tokens, double? Counted, long Uncounted) Count(CallContext call, ReadOnlySpan<byte> body, long? room)
    {
        // Half: so that something is learned of the model before it matters.
        if (room is not { } most || body.Length <= most / 2)
            return (null, null, 0);
        var counted = TokenEstimate.OfBody(body, out var uncounted);
        var tokens = (long)Math.Ceiling(counted * ratios.GetValueOrDefault(call.Model!.Prices!.RuleId, 1));
        return (tokens, uncounted == 0 ? counted : null, uncounted);
    }

    private static ContextVerdict Judge(ModelTerms terms, long? room, long? tokens, long uncounted)
    {
        if (room is not { } most)
            return ContextVerdict.NoWindow;
        // No token is less than a byte, whatever an estimate says.
        if (tokens > most && !(terms.Bound.InputTokens <= most))
            return ContextVerdict.Overflows;
        return terms.Request.StoredInput ? ContextVerdict.Stored
            : terms.Request.MediaInput || (uncounted > 0 && !(terms.Bound.InputTokens <= most)) ? ContextVerdict.Media
            : ContextVerdict.Fits;
    }
}
