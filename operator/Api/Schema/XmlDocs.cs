using System.Reflection;
using System.Text;
using System.Xml.Linq;

namespace AgentReadiness.Api.Schema;

/// <summary>The summaries that the compiler wrote beside the assembly: what a field means is said once, in the C# type.</summary>
internal sealed class XmlDocs
{
    private readonly Dictionary<string, string> summaries;

    private XmlDocs(Dictionary<string, string> summaries) => this.summaries = summaries;

    /// <summary>Reads documentation files.</summary>
    public static XmlDocs Parse(IReadOnlyList<string> files) =>
        new(
            files
                .SelectMany(xml => XDocument.Parse(xml).Descendants("member"))
                .Where(member => member.Element("summary") is not null)
                // Generated code has the same names in every assembly, for example that of regular expressions.
                .Where(member => member.Attribute("name")!.Value.Contains(":AgentReadiness.", StringComparison.Ordinal))
                .ToDictionary(
                    member => member.Attribute("name")!.Value,
                    member => Flatten(member.Element("summary")!),
                    StringComparer.Ordinal
                )
        );

    /// <summary>The summary of a type.</summary>
    /// <exception cref="InvalidOperationException">It has no documentation.</exception>
    public string Of(Type type) => Find("T:" + Definition(type).FullName!.Replace('+', '.'));

    /// <summary>The summary of a property.</summary>
    /// <exception cref="InvalidOperationException">It has no documentation.</exception>
    public string Of(PropertyInfo property) => Find($"P:{Definition(property.DeclaringType!).FullName!.Replace('+', '.')}.{property.Name}");

    /// <summary>The summary of an enum's member.</summary>
    /// <exception cref="InvalidOperationException">It has no documentation.</exception>
    public string Of(Type type, string member) => Find($"F:{type.FullName!.Replace('+', '.')}.{member}");

    private static Type Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;

    private string Find(string name) =>
        summaries.TryGetValue(name, out var text)
            ? text
            : throw new InvalidOperationException($"{name} has no <summary>; kubectl explain would show nothing");

    private static string Flatten(XElement summary)
    {
        var text = new StringBuilder();
        foreach (var node in summary.DescendantNodes())
        {
            if (node is XText plain)
                text.Append(plain.Value);
            else if (node is XElement { Name.LocalName: "see" or "paramref" } reference)
                text.Append(LastSegment(reference));
        }
        return string.Join(' ', text.ToString().Split([' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries));
    }

    // "P:AgentReadiness.Api.Resources.EvalRequirement.MinScore" reads as "EvalRequirement.minScore" to a YAML author.
    private static string LastSegment(XElement reference)
    {
        var segments = (reference.Attribute("cref") ?? reference.Attribute("name"))?.Value.Split('.') ?? [];
        return segments.Length < 2
            ? string.Concat(segments)
            : $"{segments[^2]}.{char.ToLowerInvariant(segments[^1][0])}{segments[^1][1..]}";
    }
}
