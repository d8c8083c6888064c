namespace AgentReadiness.Controller.Shared;

/// <summary>Moments as the API server keeps them.</summary>
internal static class Timestamps
{
    /// <summary>
    /// A moment cut to whole seconds, as metav1.Time keeps it. A fraction would differ from what the API server gives back, and would be
    /// written again at every pass.
    /// </summary>
    public static DateTime WholeSeconds(DateTimeOffset moment) =>
        new(moment.UtcTicks - (moment.UtcTicks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);
}
