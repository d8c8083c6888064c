using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Guardrail.SideEffects;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;
using Microsoft.AspNetCore.Http.Features;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>A call of the agent on its way through the pipeline: what is known of it, and what it has claimed.</summary>
internal sealed class CallContext
{
    /// <summary>The agent's request and our answer.</summary>
    public required HttpContext Http { get; init; }

    /// <summary>The settings when it began, prices and all; they hold for the whole call.</summary>
    public required GuardrailSettings Settings { get; init; }

    /// <summary>When it began, a timestamp of the clock.</summary>
    public required long StartedAt { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The guardrail is shutting down.</summary>
    public bool Stopping { get; init; }

    /// <summary>Its kind.</summary>
    public CallKind Kind { get; set; }

    /// <summary>The upstream; null where the path names none.</summary>
    public Upstream? Upstream { get; set; }

    /// <summary>What was matched.</summary>
    public UpstreamEndpoint Endpoint { get; set; }

    /// <summary>The query as the upstream gets it, with its question mark; empty where there is none.</summary>
    public string Query { get; set; } = "";

    /// <summary>The run that it belongs to; null until the call is identified.</summary>
    public Run? Run { get; set; }

    /// <summary>The body, where it was read whole.</summary>
    public ReadOnlyMemory<byte>? Body { get; set; }

    /// <summary>The terms of a model call; null for others, and where its body cannot be read.</summary>
    public ModelTerms? Model { get; set; }

    /// <summary>What a tool's call asks for; null for others.</summary>
    public ToolMessage? Tool { get; set; }

    /// <summary>The key of a call with side effects; null for others.</summary>
    public EffectKey? EffectKey { get; set; }

    /// <summary>The right to send a call with side effects; null for others, and until it is claimed.</summary>
    public Effect? Effect { get; set; }

    /// <summary>How a call of a tool fits what the tool published; null: nobody looked.</summary>
    public ToolCheck? ToolCheck { get; set; }

    /// <summary>The definition of the tool that is called has changed, and that is looked at.</summary>
    public bool HasToolChanged { get; set; }

    /// <summary>Why the answer of a model does not pass; null where it does, or has begun to.</summary>
    public ApiError? AnswerError { get; set; }

    /// <summary>Its answer is none of a tool that failed, where it comes to its end.</summary>
    public bool SucceedsAtEnd { get; set; }

    /// <summary>The answer broke off after it had begun.</summary>
    public bool IsBrokenOff { get; set; }

    /// <summary>The answer to the attempt is a fault of an evaluation's chaos: nothing was sent, and nothing can be billed.</summary>
    public bool IsMadeUp { get; set; }

    /// <summary>The tool failed, and that was counted.</summary>
    public bool HasToolFailed { get; set; }

    /// <summary>What screening says of a model request; null: nothing is declared, or it was not screened.</summary>
    public ScreenedRequest? Screened { get; set; }

    /// <summary>What is known about a model request and its context window; null: nothing is declared.</summary>
    public ContextFinding? Context { get; set; }

    /// <summary>The stream of an MCP session that it opens; disposed when that has begun, or will not. Null for other calls.</summary>
    public IDisposable? Opening { get; set; }

    /// <summary>The number of the attempt, from 1.</summary>
    public int Attempt { get; set; } = 1;

    /// <summary>How the attempt ended, as far as that says something about its upstream; nothing while it goes on.</summary>
    public AttemptEnd End { get; set; }

    /// <summary>What the attempt holds of its upstream.</summary>
    public UpstreamHold Hold { get; set; }

    /// <summary>A further attempt was worth it and did not fit the retry budget.</summary>
    public bool IsOverRetryBudget { get; set; }

    /// <summary>The money of the attempt.</summary>
    public Reservation? Reservation { get; set; }

    /// <summary>What the answer to the attempt says; null before there is one, and for calls without a price.</summary>
    public ResponseFacts? Facts { get; set; }

    /// <summary>The call of another upstream in whose place this one is made; null: it is the agent's own.</summary>
    public FallbackFrom? From { get; init; }

    /// <summary>The call that is made in the place of this one; null: none.</summary>
    public CallContext? Fallback { get; set; }

    /// <summary>That it would go to another upstream was counted, where that is only observed.</summary>
    public bool HasObservedFallback { get; set; }

    /// <summary>An attempt of it was made, and booked: its run has counted its step.</summary>
    public bool WasTried { get; private set; }

    /// <summary>This attempt, or one at the upstream that was called first, has taken the call's step of the run.</summary>
    public bool HasStep => Attempt > 1 || From is { Call.WasTried: true };

    /// <summary>Which claims the attempt holds: a bit for each in the order of the list.</summary>
    public uint Claimed { get; set; }

    /// <summary>Where it stands.</summary>
    public CallState State { get; private set; } = CallState.Identified;

    /// <summary>Limits refuse nothing: what they would refuse is counted.</summary>
    public bool Observes => Settings.Limits.Observe;

    /// <summary>
    /// It opens the stream on which an MCP server speaks first. That may be silent for hours: it is no call that an answer follows, and
    /// says nothing about the health of the server.
    /// </summary>
    public bool IsListening => Upstream?.Format is McpFormat && HttpMethods.IsGet(Http.Request.Method);

    /// <summary>The request has no body, whatever its method is.</summary>
    public bool HasNoBody => Http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == false || Http.Request.ContentLength == 0;

    /// <summary>The upstream's name; empty where the path names none.</summary>
    public string UpstreamName => Upstream?.Name ?? "";

    /// <summary>The model or the tool that is called, as the agent names it; null where neither is known.</summary>
    public string? Subject => Model?.Request.Model ?? Tool?.Tool;

    /// <summary>The agent has gone.</summary>
    public bool IsAbandoned => Http.RequestAborted.IsCancellationRequested;

    /// <summary>Goes on to the next state.</summary>
    /// <exception cref="InvalidOperationException">That state may not follow: the pipeline is wrong.</exception>
    public void Become(CallState next)
    {
        if (!CallStates.May(State, next))
            throw new InvalidOperationException($"a call that is {State} cannot become {next}");
        State = next;
        WasTried |= next == CallState.Settled;
    }
}
