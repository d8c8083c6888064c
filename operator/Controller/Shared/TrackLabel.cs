using AgentReadiness.Api;

namespace AgentReadiness.Controller.Shared;

/// <summary>Tracks as the label <see cref="Names.TrackLabel"/> has them.</summary>
public static class TrackLabel
{
    /// <summary>The label's value.</summary>
    public static string Label(this Track track) => track == Track.Eval ? Names.EvalTrack : Names.ServingTrack;

    /// <summary>The track that a value of the label means, or null where it means none.</summary>
    public static Track? Parse(string? label) =>
        label switch
        {
            Names.ServingTrack => Track.Serving,
            Names.EvalTrack => Track.Eval,
            _ => null,
        };
}
