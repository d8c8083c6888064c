using System.Text.Json;
using AgentReadiness.Api;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Shared;

/// <summary>What every view of a child keeps.</summary>
/// <param name="Key">Namespace and name.</param>
/// <param name="Uid">metadata.uid.</param>
/// <param name="Controller">The controlling owner, or null.</param>
/// <param name="Labels">Those of metadata.labels that are the operator's: others may be any number and of any length, and are not
/// read.</param>
/// <param name="Created">metadata.creationTimestamp.</param>
/// <param name="Deleting">metadata.deletionTimestamp is set.</param>
/// <param name="Version">metadata.generation where the kind has one, else metadata.resourceVersion: changes when the spec does.</param>
public sealed record Meta(
    NamespacedName Key,
    string Uid,
    ControllerReference? Controller,
    IReadOnlyDictionary<string, string> Labels,
    DateTimeOffset Created,
    bool Deleting,
    string Version
)
{
    /// <summary>Reads metadata.</summary>
    public static Meta Of(JsonElement item) =>
        new(
            new NamespacedName(item.Text("metadata", "namespace") ?? string.Empty, item.Text("metadata", "name")!),
            item.Text("metadata", "uid")!,
            item.Items("metadata", "ownerReferences")
                .Where(owner => owner.Bool("controller"))
                .Select(owner => new ControllerReference(owner.Text("kind"), owner.Text("name"), owner.Text("uid")))
                .FirstOrDefault(),
            item.Map("metadata", "labels", IsOurs),
            item.Time("metadata", "creationTimestamp") ?? DateTimeOffset.UnixEpoch,
            item.Text("metadata", "deletionTimestamp") is not null,
            item.Long("metadata", "generation")?.ToString(System.Globalization.CultureInfo.InvariantCulture)
                ?? item.Text("metadata", "resourceVersion")!
        );

    private static bool IsOurs(string label) =>
        label == Names.ManagedByLabel || label.StartsWith(Names.Group + "/", StringComparison.Ordinal);

    /// <summary>A label's value, or null.</summary>
    public string? Label(string name) => Labels.GetValueOrDefault(name);

    /// <summary>UID of the controlling owner, or null.</summary>
    public string? ControllerUid => Controller?.Uid;

    /// <summary>The revision that its label names, or null.</summary>
    public Revision? Revision => Api.Revisions.Revision.Parse(Label(Names.RevisionLabel));

    /// <summary>The track that its label names, or null.</summary>
    public Track? Track => TrackLabel.Parse(Label(Names.TrackLabel));
}
