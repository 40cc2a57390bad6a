#!/usr/bin/env python3
"""SCORM 1.2 package checks that XSD cannot express. usage: scormcheck.py package.zip"""
import re, sys, zipfile
from urllib.parse import unquote, urlsplit
import xml.etree.ElementTree as ET
CP='{http://www.imsproject.org/xsd/imscp_rootv1p1p2}'; AD='{http://www.adlnet.org/xsd/adlcp_rootv1p2}'; XB='{http://www.w3.org/XML/1998/namespace}base'
bad=[]; warn=[]
z=zipfile.ZipFile(sys.argv[1]); names=z.namelist(); files={n for n in names if not n.endswith('/')}
E=bad.append; W=warn.append
if 'imsmanifest.xml' not in files: E('imsmanifest.xml not at zip root'); print('\n'.join(bad)); sys.exit(1)
if len(files)!=len([n for n in names if not n.endswith('/')]): E('duplicate zip entries')
low={}
for n in sorted(files):
    if '\\' in n or n.startswith('/') or '..' in n.split('/') or '//' in n: E(f'bad entry path {n!r}')
    if low.setdefault(n.lower(),n)!=n: W(f'case collision {n} / {low[n.lower()]}')
    for seg in n.split('/'):
        if not re.fullmatch(r'[A-Za-z0-9_][A-Za-z0-9_.]*(?:-[A-Za-z0-9_.]+)*',seg) or seg.endswith('.') or re.search(r'\.(php\d?|phtml|phar)',seg,re.I): W(f'Chamilo import would rename {n!r} (segment {seg!r})'); break
raw=z.read('imsmanifest.xml'); r=ET.fromstring(raw)
if raw[:3]==b'\xef\xbb\xbf': W('BOM in manifest')
if re.search(rb'&#\w+;',raw): W('numeric character reference (Moodle double-escapes it)')
if r.tag!=CP+'manifest': E('root is not imscp manifest: '+r.tag)
md=r.find(CP+'metadata')
if md is None or (md.findtext(CP+'schema')or'')!='ADL SCORM': E('metadata/schema must be "ADL SCORM"')
if md is None or (md.findtext(CP+'schemaversion')or'')!='1.2': E('metadata/schemaversion must be "1.2"')
ids=[e.get('identifier') for e in r.iter() if e.get('identifier') is not None]
for i in sorted({i for i in ids if ids.count(i)>1}): E('duplicate identifier '+i)
orgs=r.find(CP+'organizations'); ol=orgs.findall(CP+'organization'); d=orgs.get('default')
if not ol: E('no organization')
if d not in [o.get('identifier') for o in ol]: E(f'organizations/@default {d!r} is not an organization')
if len(ol)>1: W('several organizations: Chamilo makes one learning path of each')
res={x.get('identifier'):x for x in r.find(CP+'resources')}
items={i.get('identifier') for o in ol for i in o.iter(CP+'item')}; used=set()
for o in ol:
    if not (o.findtext(CP+'title')or'').strip(): E('organization without title')
    for i in o.iter(CP+'item'):
        k=i.get('identifier'); ref=i.get('identifierref'); kids=i.findall(CP+'item')
        if not (i.findtext(CP+'title')or'').strip(): E(f'item {k}: empty title')
        if ref is not None:
            if ref not in res: E(f'item {k}: identifierref {ref!r} unresolved')
            else:
                used.add(ref)
                if not res[ref].get('href'): E(f'item {k}: resource {ref} has no href')
            if kids: W(f'item {k} has both children and a resource')
        elif not kids: E(f'leaf item {k} has no identifierref')
        else:
            for t in ('prerequisites','masteryscore','maxtimeallowed','timelimitaction','datafromlms'):
                if t!='prerequisites' and i.find(AD+t) is not None: W(f'{t} on block item {k}')
        p=i.find(AD+'prerequisites')
        if p is not None:
            t=p.text or ''
            if not t.strip(): W(f'item {k}: empty prerequisites')
            for tok in re.findall(r'[A-Za-z_][\w.\-]*',re.sub(r'(=|<>)\s*"?[a-z ]+"?','',t)):
                if tok not in items: E(f'item {k}: prerequisite names unknown item {tok!r}')
            for tok in re.findall(r'(?<![\w.\-])\d+(?![\w.\-*])',t): E(f'item {k}: prerequisite operand {tok!r} is not an identifier')
            if k in re.findall(r'[\w.\-]+',t): E(f'item {k}: is its own prerequisite')
        m=i.find(AD+'masteryscore')
        if m is not None and not re.fullmatch(r'\d{1,3}(\.\d+)?',(m.text or '').strip()) or m is not None and not 0<=float(m.text or -1)<=100: E(f'item {k}: masteryscore {m.text!r} not 0..100')
        x=i.find(AD+'maxtimeallowed')
        if x is not None and not re.fullmatch(r'\d{2,4}:\d\d:\d\d(\.\d{1,2})?',x.text or ''): E(f'item {k}: maxtimeallowed {x.text!r}')
listed=set()
for k,x in res.items():
    st=x.get(AD+'scormtype')
    if x.tag!=CP+'resource': E('alien element in resources '+x.tag); continue
    if st not in('sco','asset'): E(f'resource {k}: scormtype {st!r}')
    if st=='sco' and not x.get('href'): E(f'sco {k} without href')
    if x.get(XB) is not None: W(f'resource {k}: xml:base (ignored by Chamilo)')
    hs=[f.get('href') for f in x.findall(CP+'file')]
    for h in hs+([x.get('href')] if x.get('href') else []):
        u=urlsplit(h or '')
        if u.scheme or u.netloc: W(f'resource {k}: remote href {h}'); continue
        if re.search(r'[ <>"{}|\\^`]|[^\x00-\x7f]',h or ''): E(f'resource {k}: href not URL-encoded: {h!r}')
        if (h or '').startswith('/') or '..' in u.path.split('/') or '//' in u.path: E(f'resource {k}: bad href {h!r}')
        f=unquote(u.path); listed.add(f)
        if f not in files: E(f'resource {k}: file {f!r} not in zip')
    if x.get('href') and urlsplit(x.get('href')).scheme=='' and unquote(urlsplit(x.get('href')).path) not in [unquote(urlsplit(h or '').path) for h in hs]: E(f'resource {k}: href not among its <file> elements')
    for dp in x.findall(CP+'dependency'):
        if dp.get('identifierref') not in res: E(f'resource {k}: dependency {dp.get("identifierref")!r} unresolved')
        used.add(dp.get('identifierref'))
for k in res:
    if k not in used: W(f'resource {k} not referenced')
for f in sorted(files-listed-{'imsmanifest.xml'}):
    if not f.endswith('.xsd'): E(f'file {f!r} not listed in manifest')
for f in('imscp_rootv1p1p2.xsd','adlcp_rootv1p2.xsd','imsmd_rootv1p2p1.xsd','ims_xml.xsd'):
    if f not in files: W('schema file missing at root: '+f)
for b in bad: print('ERROR',b)
for w in warn: print('warn ',w)
print('OK' if not bad else f'{len(bad)} error(s)'); sys.exit(bool(bad))
