using System.Text.Json;
using AgentReadiness.Api.Resources;
using k8s;

namespace AgentReadiness.Controller.Shared;

/// <summary>
/// The view of an object of ours that cannot be read whole: its identity, those fields of its spec that can be read, and what is wrong with
/// the others. The schema and our types agree, but not to the last value: a template may nest deeper than we follow, and an API server
/// takes times in more spellings than we do.
/// </summary>
internal static class ReducedView
{
    private const int LongestReason = 300;

    // Without managed fields: they nest as deep as what they tell of.
    private static readonly string[] Identity =
    [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "labels",
        "annotations",
        "ownerReferences",
        "finalizers",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ];

    /// <summary>Makes the view.</summary>
    /// <param name="item">The object.</param>
    /// <param name="whole">Why it cannot be read whole.</param>
    public static T Of<T, TSpec, TStatus>(JsonElement item, Exception whole)
        where T : CustomResource<TSpec, TStatus>
        where TSpec : class, new()
        where TStatus : class, new()
    {
        var (spec, faults) = (new List<JsonProperty>(), new List<string>());
        if (item.At("spec") is { ValueKind: JsonValueKind.Object } fields)
        {
            foreach (var field in fields.EnumerateObject())
            {
                if (WhyNot<T>("spec", [field]) is { } why)
                    faults.Add($"spec.{field.Name}: {why}");
                else
                    spec.Add(field);
            }
        }
        var status = item.At("status") is { ValueKind: JsonValueKind.Object } told ? told.EnumerateObject().ToList() : [];
        var metadata = item.GetProperty("metadata").EnumerateObject().Where(field => Identity.Contains(field.Name)).ToList();
        var view = KubernetesJson.Deserialize<T>(
            Text(("metadata", metadata), ("spec", spec), ("status", WhyNot<T>("status", status) is null ? status : []))
        );
        TypedView.Lighten(view.Metadata);
        // What makes the object unreadable may be nothing in its spec; then it says so itself.
        view.Faults = faults.Count > 0 ? faults : [Shorten(whole)];
        return view;
    }

    private static string? WhyNot<T>(string member, List<JsonProperty> fields)
    {
        try
        {
            KubernetesJson.Deserialize<T>(Text((member, fields)));
            return null;
        }
        catch (Exception exception)
        {
            return Shorten(exception);
        }
    }

    private static string Text(params ReadOnlySpan<(string Name, List<JsonProperty> Fields)> members)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { SkipValidation = true, MaxDepth = int.MaxValue }))
        {
            writer.WriteStartObject();
            foreach (var (name, fields) in members)
            {
                writer.WriteStartObject(name);
                foreach (var field in fields)
                {
                    writer.WritePropertyName(field.Name);
                    writer.WriteRawValue(field.Value.GetRawText(), skipInputValidation: true);
                }
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    // A reader of JSON names the place in its exception; the first line says what is wrong.
    private static string Shorten(Exception exception)
    {
        var message = exception.Message.Split('\n')[0].Trim();
        message = message.Length <= LongestReason ? message : message[..(LongestReason - 3)] + "...";
        return exception is JsonException { Path: { Length: > 0 } path } && !message.Contains(path, StringComparison.Ordinal)
            ? $"{message} (at {(path.Length <= LongestReason ? path : path[..LongestReason])})"
            : message;
    }
}
