using System.Collections;
using System.Reflection;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;

namespace AgentReadiness.Api.Tests;

/// <summary>
/// What an agent may do and what holds it is evaluated with it. So each field of it is a part of the revision, found by changing every one:
/// a field that a later version adds is found, too.
/// </summary>
public sealed class RevisionCoverageTests
{
    // No part of the revision (docs/guardrail.md): keys and authorities are rotated, and what remains changes nothing that evals measure.
    private static readonly string[] Outside =
    [
        "Guardrails.AllowedOrigins",
        "Guardrails.Resources",
        "Guardrails.Upstreams[].CaConfigMapRef.",
        "Guardrails.Upstreams[].Credentials.",
        "Guardrails.Upstreams[].Insecure",
        "Reliability.ToolCall.FirstByteTimeout",
        "Reliability.ToolCall.EventTimeout",
    ];

    private static readonly Dictionary<string, string> NoFiles = [];

    [Fact]
    public void Every_field_of_guardrails_and_reliability_is_a_part_of_the_revision()
    {
        var spec = new AgentDeploymentSpec
        {
            Guardrails = (GuardrailsSpec)Filled(typeof(GuardrailsSpec)),
            Reliability = (ReliabilitySpec)Filled(typeof(ReliabilitySpec)),
        };
        var before = Revision.Compute(spec, NoFiles);
        var (missing, changed) = (new List<string>(), 0);
        foreach (var part in new[] { nameof(spec.Guardrails), nameof(spec.Reliability) })
            Change(
                typeof(AgentDeploymentSpec).GetProperty(part)!.GetValue(spec)!,
                part,
                path =>
                {
                    changed++;
                    if (Revision.Compute(spec, NoFiles) == before && !Outside.Any(one => path.StartsWith(one, StringComparison.Ordinal)))
                        missing.Add(path);
                }
            );
        missing.ShouldBeEmpty();
        changed.ShouldBeGreaterThan(40);
        Revision.Compute(spec, NoFiles).ShouldBe(before, "each change was undone");
    }

    // All that can be declared, the last word of each choice: what depends on another field depends on that one.
    private static object Filled(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
            return "x";
        if (type == typeof(bool))
            return true;
        if (type.IsEnum)
            return Enum.GetValues(type).GetValue(Enum.GetValues(type).Length - 1)!;
        if (type == typeof(int) || type == typeof(long) || type == typeof(decimal))
            return Convert.ChangeType(3, type, System.Globalization.CultureInfo.InvariantCulture);
        var made = Activator.CreateInstance(type)!;
        if (made is IDictionary words)
        {
            words.Add("x", Filled(type.GetGenericArguments()[1]));
            return made;
        }
        if (made is IList list)
        {
            list.Add(Filled(type.GetGenericArguments()[0]));
            return made;
        }
        foreach (var property in Fields(type))
            property.SetValue(made, Filled(property.PropertyType));
        return made;
    }

    private static void Change(object of, string path, Action<string> see)
    {
        foreach (var property in Fields(of.GetType()))
        {
            var (name, value) = ($"{path}.{property.Name}", property.GetValue(of)!);
            if (Another(value) is { } other)
            {
                property.SetValue(of, other);
                see(name);
                property.SetValue(of, value);
            }
            else if (value is IDictionary words)
            {
                words.Add("y", words.Values.Cast<object>().First());
                see(name);
                words.Remove("y");
            }
            else if (value is IList list)
            {
                if (list[0] is string)
                {
                    list.Add("y");
                    see(name);
                    list.RemoveAt(1);
                }
                else
                {
                    Change(list[0]!, $"{name}[]", see);
                }
            }
            else
            {
                Change(value, name, see);
            }
        }
    }

    private static object? Another(object value) =>
        value switch
        {
            string text => text + "y",
            bool flag => !flag,
            int number => number + 1,
            long number => number + 1,
            decimal number => number + 1,
            Enum => Enum.GetValues(value.GetType()).Cast<object>().First(one => !one.Equals(value)),
            _ => null,
        };

    private static IEnumerable<PropertyInfo> Fields(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite);
}
