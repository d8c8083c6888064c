using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Inbound;

namespace AgentReadiness.Guardrail.Hosting;

/// <summary>What is in flight: requests to the agent, its calls, and answers that are fetched in the background.</summary>
internal sealed class Traffic(CallPipeline pipeline, BackgroundCalls background, InboundFront front, TimeProvider time)
{
    /// <summary>Requests to the agent in flight.</summary>
    public int Runs => front.Runs.Count;

    /// <summary>Calls of the agent in flight.</summary>
    public int Calls => pipeline.Calls.Count;

    /// <summary>Asks clients of the agent to go to other pods, for at most a time.</summary>
    public void DrainFor(TimeSpan most) => front.DrainFor(most);

    /// <summary>Waits until no request to the agent is in flight; false where the time is over before.</summary>
    public Task<bool> WaitForRunsAsync(TimeSpan limit, CancellationToken cancellationToken) =>
        front.Runs.WaitUntilEmptyAsync(limit, time, cancellationToken);

    /// <summary>Lets nothing new begin.</summary>
    public void Stop()
    {
        front.Stopping = true;
        pipeline.Stopping = true;
    }

    /// <summary>
    /// Waits for the calls of the agent, then for those in the background, for at most a time each. What is left then is given up.
    /// </summary>
    /// <returns>How many were given up: nobody has proven what they cost.</returns>
    public async Task<int> DrainAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        await pipeline.Calls.WaitUntilEmptyAsync(limit, time, cancellationToken);
        await background.Calls.WaitUntilEmptyAsync(limit, time, cancellationToken);
        var left = pipeline.Calls.Count + background.Calls.Count;
        background.GiveUp();
        return left;
    }
}
