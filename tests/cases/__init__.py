"""Objects in, verdicts out: ``<area>/<check>.yaml`` holds the cases of one passive check, and one runner plays them all.

Each case names its objects by resource, what could not be read, and the outcome for every subject:

    cases:
      - name: a volume that is bound
        objects:
          persistentvolumeclaims:
            - metadata: {name: data, namespace: team-a}
              status: {phase: Bound}
        apis: {persistentvolumeclaims: [v1]}                # optional: what is served
        gaps: {pods: forbidden}                             # optional: what could not be read, and why
        expect: {persistentvolumeclaims/team-a/data: pass}

A resource that the check reads and the case does not name has no objects. A case file has to show a pass, a fail and an
unknown.
"""
